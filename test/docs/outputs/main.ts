import { readFileSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { PAGES_WITH_OUTPUT, withOutputs } from '../command-outputs.ts';

/** Writes into the pages what their commands print now. With `--check` it only says whether a page has to be written. */
const { values } = parseArgs({ options: { check: { type: 'boolean', default: false } } });
for (const page of PAGES_WITH_OUTPUT) {
  const before = readFileSync(page, 'utf8');
  const after = await withOutputs(before);
  if (!values.check) writeFileSync(page, after);
  else if (after !== before) process.exitCode = 1;
  console.log(after === before ? `${page} is current` : `${page} has changed:\n${after}`);
}

import { fork } from 'node:child_process';
import { once } from 'node:events';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { reportToCaller } from '../cli/report-to-caller.ts';
import { ROWS, ON_REQUEST } from './measure-row.ts';
import { mergeResults, readResult, writeResult, type NamedRow, type Result } from './result-file.ts';
import { describeGoal, isMet, ratioOf, type Figure, type Row } from './row.ts';
import { CallerError } from '../cli/caller-error.ts';

const HELP = `Measures the function's performance. Each row has a baseline that is measured in the same run.

  npm run bench                       prints the table, compared with bench/result.json
  npm run bench -- --json             prints the rows as JSON
  npm run bench -- --save             also keeps the rows in bench/result.json, in the place of the earlier ones
  npm run bench -- --only invocation  measures one row; several are separated by commas
  npm run bench -- --only backfill    sends a million events through heapq enqueue; takes minutes
  npm run bench -- --only hostile-memory  all hostile batches of the tests; takes minutes
  npm run bench -- --only rudderstack  beside RudderStack's own code, a built clone of which RUDDER_TRANSFORMER names
  npm run bench -- --seconds 20       measures longer, for steadier medians`;

const MEASURE_ROW = join(import.meta.dirname, 'measure-row.ts');

await reportToCaller(async () => {
  const { values } = parseArgs({
    options: {
      json: { type: 'boolean', default: false },
      save: { type: 'boolean', default: false },
      only: { type: 'string' },
      seconds: { type: 'string', default: '10' },
      help: { type: 'boolean', default: false },
    },
  });
  const wanted = values.only?.split(',');
  const unknown = wanted?.find((name) => !Object.hasOwn(ROWS, name));
  if (unknown !== undefined) {
    throw new CallerError(`unknown row ${unknown}, expected one of ${Object.keys(ROWS).join(', ')}`);
  }
  if (values.help) {
    console.log(HELP);
    return;
  }
  const machine = `${cpus().length} × ${cpus()[0]?.model ?? '?'}, Node ${process.version}`;
  const rows: NamedRow[] = [];
  const names = wanted ?? Object.keys(ROWS).filter((name) => !ON_REQUEST.has(name));
  for (const name of names) {
    process.stderr.write(`${name} …\n`);
    rows.push(...(await measureRow(name, values.seconds)).map((row) => ({ name, machine, ...row })));
  }
  const result: Result = { rows };
  if (values.json) console.log(JSON.stringify(result, undefined, 2));
  else printTable(machine, result, readResult());
  if (values.save) writeResult(mergeResults(readResult(), result, Object.keys(ROWS)));
});

/** Measures one row in a process of its own. What the function logs is discarded. */
async function measureRow(name: string, seconds: string): Promise<readonly Row[]> {
  const child = fork(MEASURE_ROW, [name, seconds], { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
  const ended = once(child, 'exit').then(([code]: unknown[]) => {
    throw new CallerError(`${name} could not be measured: its process ended with ${String(code)}`);
  });
  const [rows] = await Promise.race([once(child, 'message'), ended]);
  return rows;
}

function printTable(machine: string, { rows }: Result, earlier: Result): void {
  console.log(`${machine}\n`);
  for (const row of rows) {
    const before = earlier.rows.find(({ what }) => what === row.what);
    const met = isMet(row);
    const verdict = met === undefined ? '' : `   goal ${describeGoal(row)}: ${met ? 'met' : 'NOT met'}`;
    const compared = before === undefined ? '' : `   (before: ${ratioOf(before).toFixed(3)} ×)`;
    console.log(row.what);
    console.log(`  ${describe(row.measured)}`);
    console.log(`  ${describe(row.baseline)}`);
    console.log(`  ${ratioOf(row).toFixed(3)} × the baseline${verdict}${compared}`);
    for (const note of row.notes ?? []) console.log(`  ${note}`);
    console.log();
  }
}

function describe({ value, unit, what, spread }: Figure): string {
  const shown = value >= 1000 ? Math.round(value).toLocaleString('en') : value.toFixed(value >= 100 ? 0 : 2);
  return `${shown} ${unit}${spread === undefined ? '' : ` ± ${Math.round(spread * 100)} %`}   ${what}`;
}

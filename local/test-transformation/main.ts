import { CallerError } from '../../cli/caller-error.ts';
import { readConfigFile } from '../../cli/read-config.ts';
import { reportToCaller } from '../../cli/report-to-caller.ts';
import { findTransformation } from '../../cli/transformation.ts';
import { join } from 'node:path';
import { inspect, parseArgs } from 'node:util';
import { describeAll, describeTried } from './describe.ts';
import { readCases } from './read-cases.ts';
import { hasFailed, tryCase, type Tried } from './try-case.ts';

const HELP = `Tries your transformation on events. Nothing is sent.

  npm run test:transformation                     the sample events of this project
  npm run test:transformation -- FILE             your events: any file that heapq enqueue reads, or a list of cases as JSON:
                                                  [{"input": EVENT, "output": EVENT, a list or null}, {"input": EVENT, "error": "words"}]
  npm run test:transformation -- --only-failures  prints only events that fail or are not as expected
  npm run test:transformation -- --config FILE    your settings: RudderStack's Config for Heap, as JSON
  npm run test:transformation -- --transformation FILE  another transformation than transformation/transformation.js

The exit code is 0 if every case is as expected, and without a case if the transformation fails with no event.`;

await reportToCaller(async () => {
  const { values, positionals } = readArguments();
  if (values.help) {
    console.log(HELP);
    return;
  }
  const logged: string[] = [];
  const log = (...parts: readonly unknown[]): void => void logged.push(parts.map(textOf).join(' '));
  const transformation = await findTransformation(values.transformation, log);
  if (transformation === undefined) {
    throw new CallerError('There is no transformation: paste it into transformation/transformation.js');
  }
  const { settings } = readConfigFile(values.config);
  const all: Tried[] = [];
  for await (const one of readCases(positionals[0])) {
    const tried = tryCase(one, settings, transformation.transformEvent, () => logged.splice(0));
    all.push(...tried);
    for (const event of tried) if (!values['only-failures'] || isBad(event)) console.log(describeTried(event));
  }
  console.log(`\n${transformation.name}: ${describeAll(all)}`);
  process.exitCode = all.some(isBad) ? 1 : 0;
});

/** @throws CallerError if an option is not known */
function readArguments() {
  try {
    return parseArgs({
      allowPositionals: true,
      options: {
        config: { type: 'string', default: join(import.meta.dirname, '..', 'settings.json') },
        transformation: { type: 'string' },
        'only-failures': { type: 'boolean', default: false },
        help: { type: 'boolean', default: false },
      },
    });
  } catch (error) {
    const [problem = ''] = error instanceof Error ? error.message.split(/[\n.]/) : [];
    throw new CallerError(`${problem}. All options: npm run test:transformation -- --help`);
  }
}

/** An error that a case asks for is none. */
function isBad(tried: Tried): boolean {
  return tried.verdict === 'not_as_expected' || (tried.verdict === 'not_asked' && hasFailed(tried));
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : inspect(value, { depth: null, breakLength: Infinity });
}

import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { COMPILE_CACHE } from '../../support/lambda-harness.ts';
import { ROOT } from '../pages.ts';
import { nodeWordsOf, type ScriptCall } from './npm.ts';
import type { Reading } from './parse-calls.ts';

/** Scripts whose options are those of Commander, and the program that has them. */
const OF_COMMANDER: ReadonlyMap<string, 'heapq' | 'contract'> = new Map([
  ['heapq', 'heapq'],
  ['preview', 'heapq'],
  ['check:settings', 'heapq'],
  ['contract', 'contract'],
]);

/** Scripts that print their help with `--help`, after they have read the other options. */
const WITH_HELP: ReadonlySet<string> = new Set([
  'start',
  'dev',
  'bench',
  'simulate',
  'cost',
  'docs:figures',
  'test:chaos',
  'test:interrupts',
  'test:transformation',
]);

/** Returns what is wrong with calls of scripts, by the options that the scripts themselves read. Nothing else is run. */
export async function problemsOfCalls(calls: readonly ScriptCall[]): Promise<readonly string[]> {
  const distinct = [...new Map(calls.map((call) => [describe(call), call])).values()];
  const readings = distinct.flatMap((call) => {
    const reading = readingOf(call);
    return reading === undefined ? [] : [{ ...reading, call }];
  });
  const running = promisify(execFile)(process.execPath, [join(__dirname, 'parse-calls.ts')], {
    cwd: ROOT,
    env: { ...process.env, ...COMPILE_CACHE },
  });
  running.child.stdin?.end(JSON.stringify(readings));
  const { stdout } = await running;
  const problems: readonly (string | null)[] = JSON.parse(stdout);
  const withoutOptions = distinct.filter((call) => call.args.length > 0 && readingOf(call) === undefined);
  return [
    ...withoutOptions.map((call) => `${describe(call)}: the script takes no options`),
    ...readings.flatMap(({ call }, index) =>
      problems[index] === null ? [] : [`${describe(call)}: ${problems[index]}`],
    ),
  ];
}

/** Undefined if the script reads no options. */
function readingOf({ script, args }: ScriptCall): Reading | undefined {
  const words = nodeWordsOf(script) ?? [];
  const place = words.findIndex((word) => word.endsWith('.ts'));
  // What package.json gives to the script stands before the words of the page, such as `preview`.
  const all = [...words.slice(place + 1), ...args.map(replacePlaceholder)];
  const program = OF_COMMANDER.get(script);
  if (program !== undefined) return { reader: { program }, args: all };
  return WITH_HELP.has(script) ? { reader: { file: join(ROOT, words[place] ?? '') }, args: all } : undefined;
}

/** Pages write words in capitals where the reader has a number or a path. */
function replacePlaceholder(word: string): string {
  return /^[A-Z][A-Z_]*$/.test(word) ? '1' : word;
}

function describe({ script, args }: ScriptCall): string {
  return `npm run ${script} -- ${args.join(' ')}`;
}

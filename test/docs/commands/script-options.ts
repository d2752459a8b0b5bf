import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { COMPILE_CACHE } from '../../support/lambda-harness.ts';
import { ROOT } from '../pages.ts';
import { nodeWordsOf, type ScriptCall } from './npm.ts';

/** Scripts whose options are those of Commander. They are parsed in one process, since each takes a moment to load. */
const OF_COMMANDER: ReadonlySet<string> = new Set(['heapq', 'preview', 'check:settings', 'contract']);

/** Scripts that print their help with `--help`, after they have parsed the other options. */
const WITH_HELP: ReadonlySet<string> = new Set([
  'start',
  'dev',
  'bench',
  'simulate',
  'cost',
  'docs:figures',
  'test:chaos',
  'test:interrupts',
]);

/** In a process of its own, because Jest does not load Commander, an ES module. Prints what is wrong with each call, or null. */
const PARSE = `
  import { text } from 'node:stream/consumers';
  import { heapqProgram } from './cli/program.ts';
  import { contractProgram } from './local/contract/program.ts';
  function problemOf({ script, args }) {
    const program = script === 'contract' ? contractProgram() : heapqProgram();
    for (const command of [program, ...program.commands, ...program.commands.flatMap(({ commands }) => commands)]) {
      command.configureOutput({ writeOut() {}, writeErr() {}, outputError() {} });
      if (command.commands.length === 0) command.action(() => undefined);
    }
    try {
      program.parse(args, { from: 'user' });
    } catch (error) {
      return error.exitCode === 0 ? null : error.message;
    }
    return null;
  }
  console.log(JSON.stringify(JSON.parse(await text(process.stdin)).map(problemOf)));
`;

/** Returns what is wrong with calls of scripts, by the options that the scripts themselves read. Nothing else is run. */
export async function problemsOfCalls(calls: readonly ScriptCall[]): Promise<readonly string[]> {
  const ofCommander = calls.filter(({ script }) => OF_COMMANDER.has(script));
  const others = calls.filter(({ script, args }) => !OF_COMMANDER.has(script) && args.length > 0);
  const [first, ...rest] = await Promise.all([parseByCommander(ofCommander), ...others.map(parseByScript)]);
  return [...first, ...rest.flat()];
}

async function parseByCommander(calls: readonly ScriptCall[]): Promise<readonly string[]> {
  const given = calls.map(({ script, args }) => ({
    script,
    args: [...wordsBefore(script), ...args.map(replacePlaceholder)],
  }));
  const running = promisify(execFile)(process.execPath, ['--input-type=module', '--eval', PARSE], {
    cwd: ROOT,
    env: { ...process.env, ...COMPILE_CACHE },
  });
  running.child.stdin?.end(JSON.stringify(given));
  const { stdout } = await running;
  const problems: readonly (string | null)[] = JSON.parse(stdout);
  return problems.flatMap((problem, index) => (problem === null ? [] : [`${describe(calls[index])}: ${problem}`]));
}

/** What package.json gives to the command before the words of the page, such as `preview`. */
function wordsBefore(script: string): readonly string[] {
  const words = nodeWordsOf(script) ?? [];
  return words.slice(words.findIndex((word) => word.endsWith('.ts')) + 1);
}

async function parseByScript(call: ScriptCall): Promise<readonly string[]> {
  const words = nodeWordsOf(call.script);
  if (words === undefined || !WITH_HELP.has(call.script)) return [`${describe(call)}: the script takes no options`];
  const args = [...words, ...call.args.map(replacePlaceholder), '--help'];
  const options = { cwd: ROOT, env: { PATH: process.env['PATH'], ...COMPILE_CACHE } };
  try {
    await promisify(execFile)(process.execPath, args, options);
    return [];
  } catch (error) {
    return [`${describe(call)}: ${error instanceof Error ? error.message : String(error)}`];
  }
}

/** Pages write words in capitals where the reader has a number or a path. */
function replacePlaceholder(word: string): string {
  return /^[A-Z][A-Z_]*$/.test(word) ? '1' : word;
}

function describe(call: ScriptCall | undefined): string {
  return `npm run ${call?.script} -- ${call?.args.join(' ')}`;
}

import { existsSync, globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { isObject, valueAt } from '../../../lib/json.ts';
import { ROOT } from '../pages.ts';

/** The scripts of package.json. */
export const SCRIPTS: Readonly<Record<string, string>> = readScripts();

function readScripts(): Readonly<Record<string, string>> {
  const scripts = valueAt(JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')), ['scripts']);
  if (!isObject(scripts)) throw new Error('package.json has no scripts');
  return Object.fromEntries(Object.entries(scripts).map(([name, script]) => [name, String(script)]));
}

/** A script of package.json, and what a page gives it. */
export interface ScriptCall {
  readonly script: string;
  readonly args: readonly string[];
}

const OF_CI: ReadonlySet<string> = new Set(['--ignore-scripts', '--omit=dev']);

/**
 * Reads the words after `npm`.
 *
 * @returns undefined for npm's own commands, a sentence if npm would not do what the page means
 */
export function readNpm(words: readonly string[]): ScriptCall | string | undefined {
  const [first = '', ...others] = words;
  if (first === 'ci') {
    const unknown = others.find((option) => !OF_CI.has(option));
    return unknown === undefined ? undefined : `npm ci ${unknown} is not known here`;
  }
  const isRun = first === 'run';
  const [script = '', ...rest] = isRun ? others.slice(others[0] === '-s' ? 1 : 0) : words;
  // `--prefix FOLDER` names the repository that the script is in.
  const [dashes, ...args] = rest[0] === '--prefix' ? rest.slice(2) : rest;
  if (!isRun && script !== 'start' && script !== 'test') return `npm ${script} is not known here`;
  if (!Object.hasOwn(SCRIPTS, script)) return `package.json has no script ${script}`;
  // What stands before the dashes is npm's, and so are options.
  if (dashes !== undefined && dashes !== '--')
    return `${dashes} is given to npm, not to the script: write -- before it`;
  return { script, args };
}

/**
 * Reads the words after `npx`: Jest is used with the path of a test, and TypeScript for another repository.
 *
 * @returns a sentence if there is no such test
 */
export function problemOfNpx(words: readonly string[]): string | undefined {
  if (/^-p typescript@\d+\.\d+\.\d+ tsc$/.test(words.join(' '))) return undefined;
  const [tool, path = '', ...options] = words;
  if (tool !== 'jest') return `npx ${tool} is not known here`;
  const isTest = existsSync(join(ROOT, path)) || globSync(`${path}*.test.ts`, { cwd: ROOT }).length > 0;
  if (!isTest) return `there is no test ${path}`;
  const unknown = options.find((option) => !['-u', '-t'].includes(option));
  return unknown === undefined ? undefined : `jest ${unknown} is not known here`;
}

/** The words with which node runs a script of package.json. Undefined if the last of it is not node. */
export function nodeWordsOf(script: string): readonly string[] | undefined {
  const [node, ...words] = (SCRIPTS[script]?.split(' && ').at(-1) ?? '').split(' ');
  return node === 'node' ? words : undefined;
}

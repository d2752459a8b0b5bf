import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { COMPILE_CACHE, NO_TRANSFORMATION } from '../../support/lambda-harness.ts';
import { ROOT } from '../pages.ts';
import { nodeWordsOf, SCRIPTS } from './npm.ts';

/** What a block has printed. */
export interface Ran {
  readonly code: unknown;
  readonly out: string;
  readonly error: string;
}

/**
 * Runs a block of commands as it stands, with the scripts of package.json. npm's own start is left out, and so is the build,
 * which was made before the tests.
 *
 * @param folder where the reader's files are
 */
export async function runBlock(code: string, folder: string, environment: NodeJS.ProcessEnv = {}): Promise<Ran> {
  const shell = spawn('bash', ['-c', `set -euo pipefail\n${npmAsFunction()}\n${code}`], {
    cwd: folder,
    env: {
      PATH: process.env['PATH'],
      NODE: process.execPath,
      ROOT,
      ...COMPILE_CACHE,
      ...NO_TRANSFORMATION,
      ...environment,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const [out, error, [ended]] = await Promise.all([text(shell.stdout), text(shell.stderr), once(shell, 'exit')]);
  return { code: ended, out, error };
}

/** `npm run -s NAME -- words`, `npm start -- words`: node with the words of the script and those of the page. */
function npmAsFunction(): string {
  const cases = Object.keys(SCRIPTS).flatMap((name) => {
    const words = nodeWordsOf(name)?.map((word) => (word.endsWith('.ts') ? `"$ROOT/${word}"` : word));
    return words === undefined ? [] : [`    ${name}) "$NODE" ${words.join(' ')} "$@" ;;`];
  });
  return `npm() {
  [ "$1" = run ] && shift
  [ "$1" = -s ] && shift
  local script=$1; shift
  [ $# -eq 0 ] || shift
  case $script in
${cases.join('\n')}
    *) return 127 ;;
  esac
}`;
}

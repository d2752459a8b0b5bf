import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { join } from 'node:path';
import { COMPILE_CACHE, NO_TRANSFORMATION } from './lambda-harness.ts';

const MAIN = join(__dirname, '..', '..', 'cli', 'main.ts');

/** What a shell has printed, and its exit code. */
export interface ShellEnded {
  readonly code: number;
  readonly out: string;
}

/** Environment variables of a test, with `$HEAPQ`: the command as a shell can run it. */
function shellEnvironment(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return {
    PATH: process.env['PATH'],
    HOME: '/nonexistent',
    AWS_EC2_METADATA_DISABLED: 'true',
    HEAPQ: `${process.execPath} ${MAIN}`,
    ...COMPILE_CACHE,
    ...NO_TRANSFORMATION,
    ...environment,
  };
}

/** Runs a line in a shell, without a terminal. The exit code is that of the last command of a pipe that has failed. */
export async function shell(line: string, environment: NodeJS.ProcessEnv): Promise<ShellEnded> {
  return await run('bash', ['-o', 'pipefail', '-c', `{ ${line}; } 2>&1`], environment, '');
}

/**
 * Runs a line in a pseudo-terminal, with `script` of util-linux.
 *
 * @param columns the width of the terminal
 * @param input what the person types
 */
export async function inTerminal(
  line: string,
  columns: number,
  environment: NodeJS.ProcessEnv,
  input = '',
): Promise<ShellEnded> {
  const typed = [
    '--quiet',
    '--return',
    '--echo',
    'never',
    '--command',
    `stty cols ${columns} rows 40; ${line}`,
    '/dev/null',
  ];
  return await run('script', typed, { TERM: 'xterm-256color', SHELL: '/bin/bash', ...environment }, input);
}

async function run(
  command: string,
  args: readonly string[],
  environment: NodeJS.ProcessEnv,
  input: string,
): Promise<ShellEnded> {
  const child = spawn(command, args, { env: shellEnvironment(environment), stdio: ['pipe', 'pipe', 'inherit'] });
  child.stdin.on('error', () => undefined);
  // The input stays open: `script` may end before its command when the person at the terminal is gone.
  child.stdin.write(input);
  const [out, [code]] = await Promise.all([text(child.stdout), once(child, 'exit')]);
  child.stdin.destroy();
  return { code: typeof code === 'number' ? code : -1, out };
}

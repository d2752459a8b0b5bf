import { fork, type ChildProcess } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { isObject } from '../../lib/json.ts';

export interface LambdaOptions {
  /** The file that exports `handler`. */
  readonly bundle: string;
  /** The function's environment variables. It inherits nothing except for PATH and NODE_COMPILE_CACHE. */
  readonly environment: Readonly<Record<string, string>>;
  readonly timeoutMs: number;
  /** Called with each line that the function writes. */
  readonly onLog: (line: string) => void;
}

/** The result of an invocation. A timeout and a crash are errors, as they are for Lambda. */
export type InvocationAnswer =
  | { readonly kind: 'response'; readonly response: unknown }
  | { readonly kind: 'error'; readonly message: string };

/** A function as Lambda runs it: in processes that handle one invocation at a time and stay warm in between. */
export interface Lambda {
  /** @param event passed to the function as JSON */
  invoke(event: unknown): Promise<InvocationAnswer>;
  /** How many execution environments have been started so far. */
  coldStarts(): number;
  /** Kills all execution environments at once, even during an invocation. */
  kill(): void;
  /** Stops all execution environments; the next invocation is a cold start. */
  stop(): Promise<void>;
}

/** The longest timeout that Lambda allows: for debugging, and for tests, which must not fail on a slow machine. */
export const LONGEST_TIMEOUT_MS = 15 * 60 * 1000;

const ENVIRONMENT = join(import.meta.dirname, 'environment.ts');

/** Starts processes on demand: an invocation starts a new one when all others are busy. */
export function createLambda({ bundle, environment, timeoutMs, onLog }: LambdaOptions): Lambda {
  const idle = new Set<ChildProcess>();
  const all = new Set<ChildProcess>();
  let coldStarts = 0;

  function start(): ChildProcess {
    coldStarts += 1;
    const child = fork(ENVIRONMENT, [bundle], {
      env: { ...inherited(), ...environment },
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    });
    for (const stream of [child.stdout, child.stderr]) {
      if (stream !== null) createInterface({ input: stream }).on('line', onLog);
    }
    all.add(child);
    child.once('exit', () => {
      all.delete(child);
      idle.delete(child);
    });
    return child;
  }

  return {
    async invoke(event) {
      let [child] = idle;
      if (child !== undefined) {
        idle.delete(child);
      } else {
        child = start();
        const loading = asAnswer(await nextMessage(child));
        if (loading.kind === 'error') {
          child.kill();
          return loading;
        }
      }
      const running = child;
      const timer = setTimeout(() => running.kill('SIGKILL'), timeoutMs);
      try {
        running.send({ event, requestId: randomUUID(), deadline: Date.now() + timeoutMs });
        const answer = asAnswer(await nextMessage(running));
        if (all.has(running) && !running.killed) idle.add(running);
        return answer;
      } finally {
        clearTimeout(timer);
      }
    },
    coldStarts: () => coldStarts,
    kill() {
      idle.clear();
      for (const child of all) child.kill('SIGKILL');
    },
    async stop() {
      // `close` comes after `exit`, when everything that the process has written has been read.
      const ends = [...all].map((child) => once(child, 'close'));
      for (const child of all) child.kill();
      await Promise.all(ends);
    },
  };
}

function inherited(): NodeJS.ProcessEnv {
  const { PATH = '', NODE_COMPILE_CACHE } = process.env;
  return { PATH, ...(NODE_COMPILE_CACHE !== undefined && { NODE_COMPILE_CACHE }) };
}

function asAnswer(message: unknown): InvocationAnswer {
  if (isObject(message) && message['kind'] === 'response') return { kind: 'response', response: message['response'] };
  const text = isObject(message) && typeof message['message'] === 'string' ? message['message'] : 'no answer';
  return { kind: 'error', message: text };
}

/** The next message of the process, or an error when the process ends. */
async function nextMessage(child: ChildProcess): Promise<unknown> {
  const answered = new AbortController();
  try {
    return await Promise.race([
      once(child, 'message', { signal: answered.signal }).then(([message]: unknown[]) => message),
      once(child, 'exit', { signal: answered.signal }).then(([code]: unknown[]) => ({
        kind: 'error',
        message: `the function's process ended with ${String(code)}`,
      })),
    ]);
  } finally {
    answered.abort();
  }
}

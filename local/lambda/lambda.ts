import { fork, type ChildProcess } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { isObject } from '../../lib/json.ts';

export interface LambdaOptions {
  /** The file that exports `handler`. */
  readonly bundle: string;
  /** The whole environment of the function; nothing is inherited but the path. */
  readonly environment: Readonly<Record<string, string>>;
  readonly timeoutMs: number;
  /** A line that the function has written. */
  readonly onLog: (line: string) => void;
}

/** What an invocation has come to. A timeout and a crash are errors, as they are for Lambda. */
export type InvocationAnswer =
  | { readonly kind: 'response'; readonly response: unknown }
  | { readonly kind: 'error'; readonly message: string };

/** A function as Lambda runs it: processes that each work on one invocation at a time and stay warm in between. */
export interface Lambda {
  /** @param event what the function gets, as JSON */
  invoke(event: object): Promise<InvocationAnswer>;
  /** How many environments have been started so far. */
  coldStarts(): number;
  /** Ends all environments at once, in the middle of whatever they do. */
  kill(): void;
  /** Ends all environments; the next invocation is a cold start. */
  stop(): Promise<void>;
}

/** The longest timeout that Lambda allows a function: for debuggers, and for tests, which no slow machine should fail. */
export const LONGEST_TIMEOUT_MS = 15 * 60 * 1000;

const ENVIRONMENT = join(import.meta.dirname, 'environment.ts');

/** Starts no process before the first invocation; each further invocation at the same time starts one more. */
export function createLambda({ bundle, environment, timeoutMs, onLog }: LambdaOptions): Lambda {
  const idle = new Set<ChildProcess>();
  const all = new Set<ChildProcess>();
  let coldStarts = 0;

  function start(): ChildProcess {
    coldStarts += 1;
    const child = fork(ENVIRONMENT, [bundle], {
      env: { PATH: process.env['PATH'] ?? '', ...environment },
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
      // Not at its exit: what it has written last may still be on its way.
      const ends = [...all].map((child) => once(child, 'close'));
      for (const child of all) child.kill();
      await Promise.all(ends);
    },
  };
}

function asAnswer(message: unknown): InvocationAnswer {
  if (isObject(message) && message['kind'] === 'response') return { kind: 'response', response: message['response'] };
  const text = isObject(message) && typeof message['message'] === 'string' ? message['message'] : 'no answer';
  return { kind: 'error', message: text };
}

/** The next message of the process, or its end. */
async function nextMessage(child: ChildProcess): Promise<unknown> {
  const settled = new AbortController();
  try {
    return await Promise.race([
      once(child, 'message', { signal: settled.signal }).then(([message]: unknown[]) => message),
      once(child, 'exit', { signal: settled.signal }).then(([code]: unknown[]) => ({
        kind: 'error',
        message: `the function's process ended with ${String(code)}`,
      })),
    ]);
  } finally {
    settled.abort();
  }
}

import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import type { LocalQueues } from '../../local/queues.ts';
import { LOCAL_AWS } from '../../local/queues.ts';
import { COMPILE_CACHE, NO_TRANSFORMATION, sqsEndpoint } from './lambda-harness.ts';

const MAIN = join(__dirname, '..', '..', 'cli', 'main.ts');

export interface Ended {
  /** The exit code; undefined when the process was killed. */
  readonly code: number | undefined;
  readonly out: string;
  readonly error: string;
}

export interface Running {
  readonly child: ChildProcess;
  readonly ended: Promise<Ended>;
}

/** Environment variables with which the command uses the queues of a test. */
export function environmentFor(queues: LocalQueues): NodeJS.ProcessEnv {
  return {
    ...LOCAL_AWS,
    AWS_ENDPOINT_URL_SQS: sqsEndpoint(),
    QUEUE_URL: queues.queueUrl,
    DEAD_LETTER_QUEUE_URL: queues.deadLetterQueueUrl,
  };
}

/** Starts heapq in a process of its own. */
export function startHeapq(args: readonly string[], environment: NodeJS.ProcessEnv, input = ''): Running {
  const child = spawn(process.execPath, [MAIN, ...args], {
    env: {
      PATH: process.env['PATH'],
      AWS_EC2_METADATA_DISABLED: 'true',
      HOME: '/nonexistent',
      ...COMPILE_CACHE,
      ...NO_TRANSFORMATION,
      ...environment,
    },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  // A command that does not read its input may have ended before it is written.
  child.stdin.on('error', () => undefined);
  child.stdin.end(input);
  const outputs = Promise.all([text(child.stdout), text(child.stderr), once(child, 'exit')]);
  const ended = outputs.then(([out, error, [code]]: [string, string, unknown[]]) => ({
    code: typeof code === 'number' ? code : undefined,
    out,
    error,
  }));
  return { child, ended };
}

/** Runs heapq until it ends. */
export function heapq(args: readonly string[], environment: NodeJS.ProcessEnv, input = ''): Promise<Ended> {
  return startHeapq(args, environment, input).ended;
}

import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import { startLoopbackServer } from '../../local/loopback-server.ts';

/** How Lambda was answered. `init` means that the function could not be loaded. */
export interface Answer {
  readonly kind: 'response' | 'error' | 'init';
  readonly body: unknown;
  /** How long before its deadline it came, in ms. */
  readonly leftMs: number;
}

/** A built function in a process of AWS's own runtime client, as in Lambda. */
export interface RuntimeProcess {
  /** Everything that the function and the client have written, line by line. */
  readonly lines: readonly string[];
  /** @param remainingMs the time that the function is told to have */
  invoke(event: unknown, remainingMs: number): Promise<Answer>;
  freeze(): void;
  thaw(): void;
  stop(): Promise<void>;
}

interface Invocation {
  readonly event: string;
  readonly deadline: number;
  readonly answered: (answer: Answer) => void;
}

/**
 * Starts a function under AWS's runtime client (npm: aws-lambda-ric), with a server that speaks Lambda's Runtime API.
 *
 * @param client the folder of the client
 * @param name the name of the built function in dist/
 * @see https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
 */
export async function startRuntimeProcess(
  client: string,
  name: string,
  environment: Readonly<Record<string, string>>,
): Promise<RuntimeProcess> {
  const lines: string[] = [];
  const waiting: Invocation[] = [];
  let current: Invocation | undefined;
  let idle: ServerResponse | undefined;
  let failed: Answer | undefined;
  let id = 0;

  function hand(response: ServerResponse, invocation: Invocation): void {
    current = invocation;
    id += 1;
    response.writeHead(200, {
      'content-type': 'application/json',
      'Lambda-Runtime-Aws-Request-Id': `request-${id}`,
      'Lambda-Runtime-Deadline-Ms': String(invocation.deadline),
      'Lambda-Runtime-Invoked-Function-Arn': `arn:aws:lambda:us-east-1:123456789012:function:${name}:live`,
      'Lambda-Runtime-Trace-Id': 'Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1',
    });
    response.end(invocation.event);
  }

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = request.url ?? '';
    const body = await text(request);
    if (path.endsWith('/invocation/next')) {
      const next = waiting.shift();
      if (next === undefined) idle = response;
      else hand(response, next);
      return;
    }
    const kind = path.endsWith('/response') ? 'response' : path.endsWith('/init/error') ? 'init' : 'error';
    const answer = {
      kind,
      body: body === '' ? null : JSON.parse(body),
      leftMs: (current?.deadline ?? 0) - Date.now(),
    } as const;
    if (kind === 'init') failed = answer;
    response.writeHead(202, { 'content-type': 'application/json' }).end('{"status":"OK"}');
    current?.answered(answer);
    current = undefined;
  }

  const server = await startLoopbackServer(0, serve);
  const taskRoot = join(import.meta.dirname, '..', '..', 'dist', name);
  const child: ChildProcess = spawn(
    process.execPath,
    // As in Lambda.
    [
      '--no-experimental-require-module',
      '--no-experimental-detect-module',
      join(client, 'index.mjs'),
      `${name}.handler`,
    ],
    {
      cwd: taskRoot,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: {
        PATH: process.env['PATH'] ?? '',
        AWS_LAMBDA_RUNTIME_API: new URL(server.url).host,
        _HANDLER: `${name}.handler`,
        LAMBDA_TASK_ROOT: taskRoot,
        AWS_LAMBDA_FUNCTION_NAME: name,
        AWS_LAMBDA_FUNCTION_VERSION: '7',
        AWS_LAMBDA_FUNCTION_MEMORY_SIZE: '512',
        AWS_LAMBDA_LOG_GROUP_NAME: 'group',
        AWS_LAMBDA_LOG_STREAM_NAME: 'stream',
        AWS_LAMBDA_LOG_FORMAT: 'JSON',
        AWS_LAMBDA_LOG_LEVEL: 'INFO',
        ...environment,
      },
    },
  );
  const closed = once(child, 'close');
  for (const stream of [child.stdout, child.stderr]) {
    if (stream !== null) createInterface({ input: stream }).on('line', (line) => lines.push(line));
  }

  return {
    lines,
    invoke: (event, remainingMs) =>
      new Promise((resolve, reject) => {
        if (failed !== undefined) return resolve(failed);
        child.once('exit', (code) => reject(new Error(`the process ended with ${String(code)}: ${lines.join('\n')}`)));
        const invocation = { event: JSON.stringify(event), deadline: Date.now() + remainingMs, answered: resolve };
        if (idle === undefined) return void waiting.push(invocation);
        hand(idle, invocation);
        idle = undefined;
      }),
    freeze: () => void child.kill('SIGSTOP'),
    thaw: () => void child.kill('SIGCONT'),
    async stop() {
      child.removeAllListeners('exit');
      child.kill('SIGKILL');
      await closed;
      await server.stop();
    },
  };
}

import type { IncomingMessage, ServerResponse } from 'node:http';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { SendMessageCommand } from '@aws-sdk/client-sqs';
import { createAsynchronousInvocations, type AsynchronousInvocations } from './lambda/asynchronous-invocations.ts';
import { createLambda, LONGEST_TIMEOUT_MS, type Lambda } from './lambda/lambda.ts';
import { startLoopbackServer, type LoopbackServer } from './loopback-server.ts';
import { createLocalClient, LOCAL_AWS, type LocalQueues } from './queues.ts';

const ROOT = join(import.meta.dirname, '..');

export interface LambdaDestinationOptions {
  /** URL of the SQS server to which the function sends. */
  readonly sqsEndpoint: string;
  /** URL of the SQS server to which Lambda reports failures; by default the same. */
  readonly reportEndpoint?: string;
  readonly queues: Pick<LocalQueues, 'queueUrl' | 'deadLetterQueueUrl'>;
  readonly onLog: (line: string) => void;
  /** The function's timeout; the default is the template's, the longest that Lambda allows. */
  readonly timeoutMs?: number | undefined;
  /** The pauses between the attempts of an invocation, in ms; the default are Lambda's. */
  readonly pausesMs?: readonly number[];
  /** Environment variables that override the function's. */
  readonly environment?: Readonly<Record<string, string>>;
}

/** The function of infra/lambda-destination.yaml, behind Lambda's queue of asynchronous invocations, on this machine. */
export interface LambdaDestination extends AsynchronousInvocations {
  readonly lambda: Lambda;
  stop(): Promise<void>;
}

/** Creates the built function, which sends to existing queues. Run `npm run build` first. */
export function createLambdaDestination(options: LambdaDestinationOptions): LambdaDestination {
  const { sqsEndpoint, reportEndpoint = sqsEndpoint, queues, onLog, pausesMs, environment } = options;
  const client = createLocalClient(reportEndpoint);
  const lambda = createLambda({
    bundle: join(ROOT, 'dist', 'lambda-destination', 'lambda-destination.cjs'),
    timeoutMs: options.timeoutMs ?? LONGEST_TIMEOUT_MS,
    onLog,
    environment: {
      ...LOCAL_AWS,
      AWS_LAMBDA_FUNCTION_NAME: 'lambda-destination',
      AWS_ENDPOINT_URL_SQS: sqsEndpoint,
      QUEUE_URL: queues.queueUrl,
      DEAD_LETTER_QUEUE_URL: queues.deadLetterQueueUrl,
      SERVICE_NAME: 'local',
      LOG_LEVEL: 'INFO',
      ...environment,
    },
  });
  const invocations = createAsynchronousInvocations({
    lambda,
    ...(pausesMs === undefined ? {} : { pausesMs }),
    async onFailure(record) {
      await client.send(new SendMessageCommand({ QueueUrl: queues.deadLetterQueueUrl, MessageBody: record }));
    },
  });
  return {
    ...invocations,
    lambda,
    async stop() {
      await lambda.stop();
      client.destroy();
    },
  };
}

/**
 * Serves `Invoke` of Lambda's API on loopback, as far as RudderStack's destination uses it: asynchronously, for one function
 * under any name.
 *
 * @param port 0 for any free port
 * @see https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html
 */
export async function startInvokeApi(invocations: AsynchronousInvocations, port = 0): Promise<LoopbackServer> {
  return await startLoopbackServer(port, async (request: IncomingMessage, response: ServerResponse) => {
    const payload = await text(request);
    const isInvoke = /^\/2015-03-31\/functions\/[^/]+\/invocations(?:\?|$)/.test(request.url ?? '');
    if (!isInvoke || request.method !== 'POST') return fail(response, 404, 'UnknownOperationException');
    if (request.headers['x-amz-invocation-type'] !== 'Event') {
      return fail(response, 400, 'InvalidParameterValueException');
    }
    const refused = invocations.invoke(payload);
    if (refused === undefined) response.writeHead(202).end();
    else fail(response, refused === 'RequestTooLargeException' ? 413 : 400, refused);
  });
}

function fail(response: ServerResponse, status: number, code: string): void {
  response
    .writeHead(status, { 'content-type': 'application/json', 'x-amzn-errortype': code })
    .end(JSON.stringify({ Type: 'User', Message: code }));
}

import { join } from 'node:path';
import {
  DeleteMessageBatchCommand,
  GetQueueAttributesCommand,
  ReceiveMessageCommand,
  type Message,
  type SQSClient,
} from '@aws-sdk/client-sqs';
import { builtFunctions, parameterDefault, readTemplate } from '../infra/template.ts';
import { startEventSourceMapping, type EventSourceMapping, type Invocation } from './lambda/event-source-mapping.ts';
import { createLambda, type Lambda } from './lambda/lambda.ts';
import {
  createLocalClient,
  createLocalQueues,
  LOCAL_AWS,
  startQueueServer,
  type LocalQueues,
  type QueueServer,
} from './queue-server.ts';

const ROOT = join(import.meta.dirname, '..');

export interface PipelineOptions {
  /** RudderStack's `Config`, as JSON. */
  readonly destinationConfig: string;
  readonly heapUrl: string;
  readonly onLog: (line: string) => void;
  readonly onInvocation?: (invocation: Invocation) => void;
}

/** Queue, event source mapping and function of template.yaml, on this machine. */
export interface Pipeline {
  readonly client: SQSClient;
  readonly queues: LocalQueues;
  readonly lambda: Lambda;
  /** Messages in the queue, whether visible, delayed or in flight. */
  messagesLeft(): Promise<number>;
  stop(): Promise<void>;
}

/** Fills batches sooner than in production: on one machine nobody pays for an invocation. */
const BATCH_WINDOW_MS = 250;

/** Starts the pipeline with an embedded queue server. The bundle has to be built. */
export async function startPipeline(options: PipelineOptions): Promise<Pipeline> {
  const template = readTemplate(join(ROOT, 'template.yaml'));
  const [forward] = builtFunctions(template).filter(({ name }) => name === 'forward');
  if (forward === undefined) throw new Error('the template has no function forward');
  const server: QueueServer = await startQueueServer();
  const client = createLocalClient(server.endpoint);
  const queues = await createLocalQueues(client, server.endpoint, template, 'local');
  const maximumConcurrency = Number(parameterDefault(template, 'MaximumConcurrency'));

  const lambda = createLambda({
    bundle: join(ROOT, 'dist', forward.name, `${forward.name}.mjs`),
    timeoutMs: 60_000,
    onLog: options.onLog,
    environment: {
      ...LOCAL_AWS,
      AWS_LAMBDA_FUNCTION_NAME: 'forward',
      AWS_ENDPOINT_URL_SQS: server.endpoint,
      DESTINATION_CONFIG: options.destinationConfig,
      QUEUE_URL: queues.queueUrl,
      DEAD_LETTER_QUEUE_URL: queues.deadLetterQueueUrl,
      MAX_RECEIVE_COUNT: String(parameterDefault(template, 'MaxReceiveCount')),
      MAXIMUM_CONCURRENCY: String(maximumConcurrency),
      HEAP_BASE_URL: options.heapUrl,
      POWERTOOLS_SERVICE_NAME: 'local',
      POWERTOOLS_LOG_LEVEL: 'INFO',
    },
  });
  const mapping: EventSourceMapping = startEventSourceMapping({
    client,
    queueUrl: queues.queueUrl,
    queueArn: queues.queueArn,
    lambda,
    batchSize: Number(parameterDefault(template, 'BatchSize')),
    batchWindowMs: BATCH_WINDOW_MS,
    maximumConcurrency,
    onInvocation: options.onInvocation ?? (() => undefined),
  });

  return {
    client,
    queues,
    lambda,
    messagesLeft: () => countMessages(client, queues.queueUrl),
    async stop() {
      await mapping.stop();
      await lambda.stop();
      client.destroy();
      await server.stop();
    },
  };
}

async function countMessages(client: SQSClient, queueUrl: string): Promise<number> {
  const { Attributes = {} } = await client.send(
    new GetQueueAttributesCommand({
      QueueUrl: queueUrl,
      AttributeNames: [
        'ApproximateNumberOfMessages',
        'ApproximateNumberOfMessagesNotVisible',
        'ApproximateNumberOfMessagesDelayed',
      ],
    }),
  );
  return Object.values(Attributes).reduce((sum, count) => sum + Number(count), 0);
}

/** Takes every message out of a queue that nothing else reads. */
export async function drain(client: SQSClient, queueUrl: string): Promise<readonly Message[]> {
  const drained: Message[] = [];
  for (;;) {
    const { Messages = [] } = await client.send(
      new ReceiveMessageCommand({ QueueUrl: queueUrl, MaxNumberOfMessages: 10, MessageAttributeNames: ['All'] }),
    );
    if (Messages.length === 0) return drained;
    drained.push(...Messages);
    const Entries = Messages.map(({ ReceiptHandle }, index) => ({ Id: String(index), ReceiptHandle }));
    await client.send(new DeleteMessageBatchCommand({ QueueUrl: queueUrl, Entries }));
  }
}

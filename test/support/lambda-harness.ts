import { randomUUID } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  ChangeMessageVisibilityBatchCommand,
  DeleteMessageBatchCommand,
  ReceiveMessageCommand,
  SendMessageCommand,
  type Message,
  type MessageAttributeValue,
  type SQSClient,
} from '@aws-sdk/client-sqs';
import type { SQSRecord } from 'aws-lambda';
import { readTemplate } from '../../infra/template.ts';
import type { HeapRules } from '../../local/heap-simulator/heap.ts';
import { startHeapServer, type HeapServer } from '../../local/heap-simulator/server.ts';
import { toRecord } from '../../local/lambda/event-source-mapping.ts';
import { createLambda, LONGEST_TIMEOUT_MS, type InvocationAnswer, type Lambda } from '../../local/lambda/lambda.ts';
import { failedRecords } from '../../local/lambda/partial-batch-response.ts';
import { createLocalClient, createLocalQueues, drain, LOCAL_AWS, type LocalQueues } from '../../local/queues.ts';

const ROOT = join(__dirname, '..', '..');

/** A shared compile cache, with which the processes that the tests start begin faster. */
export const COMPILE_CACHE = { NODE_COMPILE_CACHE: join(tmpdir(), 'rudderstack-heap-tests-compile-cache') };

/** Whatever transformation stands in the folder, the tests do not run it. */
export const NO_TRANSFORMATION = { TRANSFORMATION: 'none' };

export function sqsEndpoint(): string {
  const endpoint = process.env['TEST_SQS_ENDPOINT'];
  if (endpoint === undefined) throw new Error('the tests’ global setup has not run');
  return endpoint;
}

/**
 * The built bundle between a real SQS API and the Heap simulator. A test invokes it step by step, without waiting for pollers
 * or visibility timeouts.
 */
export interface Harness {
  readonly client: SQSClient;
  readonly queues: LocalQueues;
  readonly heapServer: HeapServer;
  readonly lambda: Lambda;
  readonly logs: string[];
  send(body: string, attributes?: Record<string, MessageAttributeValue>): Promise<void>;
  /** Receives all visible messages, invokes the function with them, and deletes those that it does not report as failed. */
  invokeOnce(): Promise<Invoked>;
  /** Invokes the function with a record that is not in the queue. */
  invokeWith(body: string, attributes?: Record<string, string>): Promise<Invoked>;
  /** Ends the visibility timeouts of records that returned to the queue. */
  makeVisible(records: readonly SQSRecord[]): Promise<void>;
  /** Receives and deletes all dead letters. */
  deadLetters(): Promise<readonly Message[]>;
  stop(): Promise<void>;
}

export interface Invoked {
  readonly answer: InvocationAnswer;
  /** The records that the function reported as failed, which return to the queue. */
  readonly givenBack: readonly SQSRecord[];
}

export async function startHarness(
  environment: Readonly<Record<string, string>> = {},
  rules?: HeapRules,
  bundle = join(ROOT, 'dist', 'forward', 'forward.mjs'),
): Promise<Harness> {
  const client = createLocalClient(sqsEndpoint());
  const template = readTemplate(join(ROOT, 'template.yaml'));
  const queues = await createLocalQueues(client, sqsEndpoint(), template, randomUUID());
  const heapServer = await startHeapServer(0, rules);
  const logs: string[] = [];
  const lambda = createLambda({
    bundle,
    timeoutMs: LONGEST_TIMEOUT_MS,
    onLog: (line) => logs.push(line),
    environment: {
      ...LOCAL_AWS,
      AWS_ENDPOINT_URL_SQS: sqsEndpoint(),
      DESTINATION_CONFIG: '{"appId":"11"}',
      QUEUE_URL: queues.queueUrl,
      DEAD_LETTER_QUEUE_URL: queues.deadLetterQueueUrl,
      HEAP_BASE_URL: heapServer.url,
      SERVICE_NAME: 'test',
      ...COMPILE_CACHE,
      ...environment,
    },
  });

  async function receiveAll(): Promise<readonly SQSRecord[]> {
    const records: SQSRecord[] = [];
    for (;;) {
      const { Messages = [] } = await client.send(
        new ReceiveMessageCommand({
          QueueUrl: queues.queueUrl,
          MaxNumberOfMessages: 10,
          MessageSystemAttributeNames: ['All'],
          MessageAttributeNames: ['All'],
        }),
      );
      if (Messages.length === 0) return records;
      records.push(...Messages.map((message) => toRecord(message, queues.queueArn)));
    }
  }

  return {
    client,
    queues,
    heapServer,
    lambda,
    logs,
    async send(body, attributes) {
      await client.send(
        new SendMessageCommand({
          QueueUrl: queues.queueUrl,
          MessageBody: body,
          ...(attributes === undefined ? {} : { MessageAttributes: attributes }),
        }),
      );
    },
    async invokeOnce() {
      const records = await receiveAll();
      const answer = await lambda.invoke({ Records: [...records] });
      const failed = failedRecords(answer, records);
      for (const { receiptHandle } of records.filter(({ messageId }) => !failed.has(messageId))) {
        const Entries = [{ Id: '0', ReceiptHandle: receiptHandle }];
        await client.send(new DeleteMessageBatchCommand({ QueueUrl: queues.queueUrl, Entries }));
      }
      return { answer, givenBack: records.filter(({ messageId }) => failed.has(messageId)) };
    },
    async invokeWith(body, attributes = {}) {
      const record = toRecord({ MessageId: randomUUID(), Body: body, Attributes: attributes }, queues.queueArn);
      return { answer: await lambda.invoke({ Records: [record] }), givenBack: [] };
    },
    async makeVisible(records) {
      for (const { receiptHandle } of records) {
        const Entries = [{ Id: '0', ReceiptHandle: receiptHandle, VisibilityTimeout: 0 }];
        await client.send(new ChangeMessageVisibilityBatchCommand({ QueueUrl: queues.queueUrl, Entries }));
      }
    },
    deadLetters: () => drain(client, queues.deadLetterQueueUrl),
    async stop() {
      await lambda.stop();
      await heapServer.stop();
      client.destroy();
    },
  };
}

/** The attributes of a dead letter, as strings by name. */
export function attributesOf({ MessageAttributes = {} }: Message): Record<string, string> {
  return Object.fromEntries(
    Object.entries(MessageAttributes).map(([name, { StringValue = '' }]) => [name, StringValue]),
  );
}

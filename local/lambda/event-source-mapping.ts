import { setTimeout as sleep } from 'node:timers/promises';
import type { Message, MessageAttributeValue, SQSClient } from '@aws-sdk/client-sqs';
import type { SQSMessageAttribute, SQSRecord } from 'aws-lambda';
import { inBatches } from '../../lib/batches.ts';
import { deleteMessages } from '../../lib/sqs/delete-messages.ts';
import { SQS_BATCH_LIMITS } from '../../lib/sqs/limits.ts';
import { receive } from '../../lib/sqs/receive.ts';
import type { InvocationAnswer, Lambda } from './lambda.ts';
import { failedRecords } from './partial-batch-response.ts';

export interface EventSourceMappingOptions {
  readonly client: SQSClient;
  readonly queueUrl: string;
  readonly queueArn: string;
  readonly lambda: Lambda;
  readonly batchSize: number;
  readonly batchWindowMs: number;
  readonly maximumConcurrency: number;
  readonly onInvocation: (invocation: Invocation) => void;
}

/** One invocation and its result. */
export interface Invocation {
  readonly records: readonly SQSRecord[];
  /** Message ids of the records that return to the queue. */
  readonly failed: ReadonlySet<string>;
  readonly answer: InvocationAnswer;
  readonly durationMs: number;
}

export interface EventSourceMapping {
  /** Stops after the current batches are done. */
  stop(): Promise<void>;
}

/** An invocation's payload, record metadata included, is at most 6 MB. The rest goes into another invocation. */
const PAYLOAD_LIMITS = { items: Infinity, bytes: 6 * 1024 * 1024 };
const METADATA_BYTES = 1024;
const PARALLEL_RECEIVES = 4;
const MAX_MESSAGES_PER_RECEIVE = SQS_BATCH_LIMITS.items;

/**
 * Does what Lambda's pollers do between a queue and a function: long polling, batching by size, window and payload,
 * invocations up to the maximum concurrency, and deleting every record that the partial batch response does not list.
 *
 * @see https://docs.aws.amazon.com/lambda/latest/dg/with-sqs.html
 */
export function startEventSourceMapping(options: EventSourceMappingOptions): EventSourceMapping {
  const stopping = new AbortController();
  const loops = Array.from({ length: options.maximumConcurrency }, () => run(options, stopping.signal));
  return {
    async stop() {
      stopping.abort();
      await Promise.all(loops);
    },
  };
}

async function run(options: EventSourceMappingOptions, stopping: AbortSignal): Promise<void> {
  const { client, queueUrl, queueArn, lambda, onInvocation } = options;
  while (!stopping.aborted) {
    const received = await collect(options, stopping);
    for (const messages of inBatches(received, PAYLOAD_LIMITS, payloadBytesOf)) {
      const records = messages.map((message) => toRecord(message, queueArn));
      const startedAt = performance.now();
      const answer = await lambda.invoke({ Records: records });
      const durationMs = performance.now() - startedAt;
      const failed = failedRecords(answer, records);
      onInvocation({ records, failed, answer, durationMs });
      const done = records.filter(({ messageId }) => !failed.has(messageId));
      await deleteMessages(
        client,
        queueUrl,
        done.map(({ receiptHandle }) => receiptHandle),
      );
    }
  }
}

/** Waits for a first message, then until the batch is full or the batch window has passed. */
async function collect(options: EventSourceMappingOptions, stopping: AbortSignal): Promise<readonly Message[]> {
  const { client, queueUrl, batchSize, batchWindowMs } = options;
  const batch = [
    ...(await receive(client, queueUrl, { count: Math.min(batchSize, MAX_MESSAGES_PER_RECEIVE), waitS: 1 })),
  ];
  if (batch.length === 0) return batch;
  const windowEnds = Date.now() + batchWindowMs;
  while (Date.now() < windowEnds && !stopping.aborted && batch.length < batchSize) {
    const missing = batchSize - batch.length;
    const receives = Math.min(PARALLEL_RECEIVES, Math.ceil(missing / MAX_MESSAGES_PER_RECEIVE));
    const count = Math.min(MAX_MESSAGES_PER_RECEIVE, Math.floor(missing / receives));
    const found = await Promise.all(Array.from({ length: receives }, () => receive(client, queueUrl, { count })));
    if (found.every((messages) => messages.length === 0)) await sleep(20);
    batch.push(...found.flat());
  }
  return batch;
}

function payloadBytesOf({ Body = '' }: Message): number {
  return Buffer.byteLength(Body) + METADATA_BYTES;
}

/** Converts a received message to the record that Lambda passes to a function. */
export function toRecord(message: Message, queueArn: string): SQSRecord {
  const {
    MessageId = '',
    ReceiptHandle = '',
    Body = '',
    Attributes = {},
    MessageAttributes = {},
    MD5OfBody = '',
  } = message;
  const {
    ApproximateReceiveCount = '1',
    SentTimestamp = '0',
    SenderId = '',
    ApproximateFirstReceiveTimestamp = '0',
  } = Attributes;
  return {
    messageId: MessageId,
    receiptHandle: ReceiptHandle,
    body: Body,
    attributes: { ...Attributes, ApproximateReceiveCount, SentTimestamp, SenderId, ApproximateFirstReceiveTimestamp },
    messageAttributes: Object.fromEntries(
      Object.entries(MessageAttributes).map(([name, value]) => [name, toAttribute(value)]),
    ),
    md5OfBody: MD5OfBody,
    eventSource: 'aws:sqs',
    eventSourceARN: queueArn,
    awsRegion: queueArn.split(':')[3] ?? '',
  };
}

function toAttribute({ DataType, StringValue, BinaryValue }: MessageAttributeValue): SQSMessageAttribute {
  return {
    dataType: DataType === 'Number' || DataType === 'Binary' ? DataType : 'String',
    ...(StringValue === undefined ? {} : { stringValue: StringValue }),
    ...(BinaryValue === undefined ? {} : { binaryValue: Buffer.from(BinaryValue).toString('base64') }),
    stringListValues: [],
    binaryListValues: [],
  };
}

import type { SQSClient } from '@aws-sdk/client-sqs';
import pMap from 'p-map';
import { inBatchesAsync } from '../lib/batches.ts';
import { SQS_BATCH_LIMITS } from '../lib/sqs/limits.ts';
import { escapeJson, toMessageBody } from '../lib/sqs/message-body.ts';
import type { OutgoingMessage } from '../lib/sqs/message.ts';
import { sendBatch } from '../lib/sqs/send-batch.ts';
import type { MessageSource } from './messages.ts';

/** How many batches are sent concurrently. */
const PARALLEL_SENDS = 8;

export interface EnqueueProgress {
  readonly onSent: (sources: readonly MessageSource[]) => void;
  /** The queue refuses this message for good. */
  readonly onRefused: (source: MessageSource, why: string) => void;
}

interface SourcedMessage extends OutgoingMessage {
  readonly source: MessageSource;
}

/** Sends messages in as few batches as SQS's limits allow, several concurrently. Only these are held in memory. */
export async function enqueue(
  client: SQSClient,
  queueUrl: string,
  sources: AsyncIterable<MessageSource> | Iterable<MessageSource>,
  progress: EnqueueProgress,
): Promise<void> {
  const batches = inBatchesAsync(messagesOf(sources), SQS_BATCH_LIMITS, ({ bytes }) => bytes);
  await pMap(batches, (batch) => send(client, queueUrl, batch, progress), { concurrency: PARALLEL_SENDS });
}

async function* messagesOf(
  sources: AsyncIterable<MessageSource> | Iterable<MessageSource>,
): AsyncGenerator<SourcedMessage> {
  for await (const source of sources) {
    const body = toMessageBody(escapeJson(source.body));
    yield { source, body, bytes: Buffer.byteLength(body) };
  }
}

/** If SQS refuses a whole batch, its messages are sent one by one, so that a bad message fails alone. */
async function send(
  client: SQSClient,
  queueUrl: string,
  batch: readonly SourcedMessage[],
  progress: EnqueueProgress,
): Promise<void> {
  try {
    const outcomes = await sendBatch(client, queueUrl, batch);
    const sent: MessageSource[] = [];
    for (const [index, { source }] of batch.entries()) {
      const outcome = outcomes[index];
      if (outcome?.kind === 'failed') progress.onRefused(source, outcome.message);
      else sent.push(source);
    }
    progress.onSent(sent);
  } catch (error) {
    const [only] = batch;
    if (only !== undefined && batch.length === 1) {
      progress.onRefused(only.source, error instanceof Error ? error.message : String(error));
    } else {
      for (const one of batch) await send(client, queueUrl, [one], progress);
    }
  }
}

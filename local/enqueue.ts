import { SendMessageBatchCommand, type SQSClient } from '@aws-sdk/client-sqs';
import { inBatchesAsTheyCome } from '../lib/sqs.ts';
import { packForQueue } from '../cli/pack-for-queue.ts';
import type { MessageSource } from './messages.ts';

/** Batches under way at once. */
const PARALLEL_SENDS = 8;

export interface EnqueueProgress {
  readonly onSent: (sources: readonly MessageSource[]) => void;
  /** The queue will not have this message, whatever is done. */
  readonly onRefused: (source: MessageSource, why: string) => void;
}

interface Packed {
  readonly source: MessageSource;
  readonly body: string;
}

/** Sends messages in as few batches as SQS's limits allow, several at once, without holding more than those in memory. */
export async function enqueue(
  client: SQSClient,
  queueUrl: string,
  sources: AsyncIterable<MessageSource> | Iterable<MessageSource>,
  progress: EnqueueProgress,
): Promise<void> {
  const underWay = new Set<Promise<void>>();
  for await (const batch of inBatchesAsTheyCome(packed(sources), ({ body }) => Buffer.byteLength(body))) {
    const sending = send(client, queueUrl, batch, progress).finally(() => underWay.delete(sending));
    underWay.add(sending);
    if (underWay.size >= PARALLEL_SENDS) await Promise.race(underWay);
  }
  await Promise.all(underWay);
}

async function* packed(sources: AsyncIterable<MessageSource> | Iterable<MessageSource>): AsyncGenerator<Packed> {
  for await (const source of sources) yield { source, body: packForQueue(source.body) };
}

/** A batch that is refused as a whole is sent one by one, so that a bad message does not take its neighbours along. */
async function send(
  client: SQSClient,
  queueUrl: string,
  batch: readonly Packed[],
  progress: EnqueueProgress,
): Promise<void> {
  try {
    const { Failed = [] } = await client.send(
      new SendMessageBatchCommand({
        QueueUrl: queueUrl,
        Entries: batch.map(({ body }, index) => ({ Id: String(index), MessageBody: body })),
      }),
    );
    const failures = new Map(Failed.map(({ Id, Message }) => [Number(Id), Message ?? 'no reason given']));
    for (const [index, why] of failures) {
      const refused = batch[index];
      if (refused !== undefined) progress.onRefused(refused.source, why);
    }
    progress.onSent(batch.filter((_, index) => !failures.has(index)).map(({ source }) => source));
  } catch (error) {
    const [only] = batch;
    if (only === undefined) return;
    if (batch.length === 1) {
      progress.onRefused(only.source, error instanceof Error ? error.message : String(error));
    } else {
      for (const one of batch) await send(client, queueUrl, [one], progress);
    }
  }
}

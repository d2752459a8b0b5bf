import type { SQSClient } from '@aws-sdk/client-sqs';
import { inBatches } from '../../lib/batches.ts';
import { changeVisibility } from '../../lib/sqs/change-visibility.ts';
import { SQS_BATCH_LIMITS } from '../../lib/sqs/limits.ts';
import { receive } from '../../lib/sqs/receive.ts';
import { readDeadLetter, type DeadLetter } from './read-dead-letter.ts';

/** Concurrent ReceiveMessage calls. */
const PARALLEL_RECEIVES = 4;

/** How dead letters are received. */
export interface VisitOptions {
  /** The visibility timeout of received dead letters, in seconds. It applies if this process dies. */
  readonly visibilityTimeoutS: number;
  /** Stops before the next batch. */
  readonly signal: AbortSignal;
}

/**
 * Calls `visit` with every message in a dead-letter queue, once each. SQS messages cannot be read without receiving them, so
 * they are in flight for a while. At the end, and after an interruption, all messages that were not deleted are made visible
 * again.
 *
 * @param visit returns the ids of the messages that it has deleted
 * @returns whether all messages were visited; false after an interruption
 */
export async function visitDeadLetters(
  client: SQSClient,
  queueUrl: string,
  { visibilityTimeoutS, signal }: VisitOptions,
  visit: (deadLetters: readonly DeadLetter[]) => Promise<ReadonlySet<string>> | ReadonlySet<string>,
): Promise<boolean> {
  /** The latest receipt handle of each message, by id. Some messages are received again if the visit takes long. */
  const inFlight = new Map<string, string>();
  const seen = new Set<string>();
  /** The number of repeated messages since the last new one. */
  let repeated = 0;
  try {
    for (;;) {
      if (signal.aborted) return false;
      const received = await receiveSome(client, queueUrl, visibilityTimeoutS);
      for (const { id, receiptHandle } of received) inFlight.set(id, receiptHandle);
      const unseen = new Map(received.filter(({ id }) => !seen.has(id)).map((one) => [one.id, one]));
      repeated = unseen.size > 0 ? 0 : repeated + received.length;
      // SQS keeps no order, so repeated messages may come before new ones. Ends after all of them were repeated.
      if (received.length === 0 || repeated > inFlight.size) return true;
      if (unseen.size === 0) continue;
      for (const id of unseen.keys()) seen.add(id);
      for (const id of await visit([...unseen.values()])) inFlight.delete(id);
    }
  } finally {
    await makeVisible(client, queueUrl, inFlight.values());
  }
}

async function receiveSome(
  client: SQSClient,
  queueUrl: string,
  visibilityTimeoutS: number,
): Promise<readonly DeadLetter[]> {
  const receives = Array.from({ length: PARALLEL_RECEIVES }, () =>
    receive(client, queueUrl, { visibilityTimeoutS, waitS: 1 }),
  );
  return (await Promise.all(receives)).flat().map(readDeadLetter);
}

/** Failures are ignored, since the messages become visible anyway when their visibility timeout ends. */
async function makeVisible(client: SQSClient, queueUrl: string, receiptHandles: Iterable<string>): Promise<void> {
  for (const batch of inBatches(receiptHandles, SQS_BATCH_LIMITS, () => 0)) {
    const changes = batch.map((receiptHandle) => ({ receiptHandle, visibilityTimeoutS: 0 }));
    await changeVisibility(client, queueUrl, changes).catch(() => undefined);
  }
}

import type { SQSClient } from '@aws-sdk/client-sqs';
import { inBatches } from '../../lib/batches.ts';
import { changeVisibility } from '../../lib/sqs/change-visibility.ts';
import { SQS_BATCH_LIMITS } from '../../lib/sqs/limits.ts';
import { receive } from '../../lib/sqs/receive.ts';
import { readDeadLetter, type DeadLetter } from './read-dead-letter.ts';

/** Receives that are under way at once. */
const PARALLEL_RECEIVES = 4;

/** How dead letters are looked at. */
export interface VisitOptions {
  /** How long a dead letter stays invisible to others, in s. When this process dies it becomes visible again after that. */
  readonly visibilityTimeoutS: number;
  /** Stops between two batches. */
  readonly signal: AbortSignal;
}

/**
 * Shows every message of a dead-letter queue to `visit`, each once. SQS has no way to look without receiving, so each message
 * is in flight for a moment. In the end, and after an interruption, all that are still in the queue are made visible again.
 *
 * @param visit gives the ids of the messages that it has deleted
 * @returns whether every message was seen
 */
export async function visitDeadLetters(
  client: SQSClient,
  queueUrl: string,
  { visibilityTimeoutS, signal }: VisitOptions,
  visit: (deadLetters: readonly DeadLetter[]) => Promise<ReadonlySet<string>> | ReadonlySet<string>,
): Promise<boolean> {
  /** What is still in the queue, by id, with the latest receipt handle: a long visit receives some messages again. */
  const inFlight = new Map<string, string>();
  const seen = new Set<string>();
  /** Messages that came again since the last new one. */
  let repeated = 0;
  try {
    for (;;) {
      if (signal.aborted) return false;
      const received = await receiveSome(client, queueUrl, visibilityTimeoutS);
      for (const { id, receiptHandle } of received) inFlight.set(id, receiptHandle);
      const unseen = new Map(received.filter(({ id }) => !seen.has(id)).map((one) => [one.id, one]));
      repeated = unseen.size > 0 ? 0 : repeated + received.length;
      // A message that comes again may stand before a new one: only when all have come again is there nothing new.
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

/** A message that cannot be made visible becomes visible by itself when its visibility timeout ends. */
async function makeVisible(client: SQSClient, queueUrl: string, receiptHandles: Iterable<string>): Promise<void> {
  for (const batch of inBatches(receiptHandles, SQS_BATCH_LIMITS, () => 0)) {
    const changes = batch.map((receiptHandle) => ({ receiptHandle, visibilityTimeoutS: 0 }));
    await changeVisibility(client, queueUrl, changes).catch(() => undefined);
  }
}

import type { Clock } from '../clock.ts';
import { inParallel } from '../in-parallel.ts';
import { inBatches } from '../sqs.ts';
import type { QueueMessage } from './pack.ts';

/** Batches of one request that are under way at once. */
const PARALLEL_BATCHES = 4;
/** Tries of one message in all. */
const TRIES = 4;
/** Ceiling of the wait before the second try, in ms; it doubles with every further one. */
const FIRST_WAIT_MS = 100;

/** The queue as the front door uses it. */
export interface EventQueue {
  readonly isFifo: boolean;
  /**
   * Sends at most ten messages within SQS's size limit.
   *
   * @param deadline in ms since 1970
   * @returns for each message whether it is in the queue
   */
  readonly sendBatch: (messages: readonly QueueMessage[], deadline: number) => Promise<readonly boolean[]>;
}

export interface SendDependencies {
  readonly queue: EventQueue;
  readonly clock: Clock;
  /** In [0, 1). */
  readonly random: () => number;
  /** A try that failed as a whole. */
  readonly onFailure: (error: unknown) => void;
}

/**
 * Puts all messages into the queue. What a batch leaves behind is tried again, with exponential backoff and full jitter, until
 * `deadline`.
 *
 * @returns how many messages are not known to be in the queue; 0 means that every one is
 */
export async function sendMessages(
  messages: readonly QueueMessage[],
  deadline: number,
  { queue, clock, random, onFailure }: SendDependencies,
): Promise<number> {
  let unsent = 0;

  async function sendBatch(batch: readonly QueueMessage[]): Promise<void> {
    let left = batch;
    for (let tries = 1; ; tries += 1) {
      // When one batch has failed for good the request will come again as a whole: the others need not be tried.
      if (unsent > 0) break;
      try {
        const sent = await queue.sendBatch(left, deadline);
        left = left.filter((_, index) => sent[index] !== true);
      } catch (error) {
        onFailure(error);
      }
      if (left.length === 0) return;
      const waitMs = random() * FIRST_WAIT_MS * 2 ** (tries - 1);
      if (tries === TRIES || clock.now() + waitMs >= deadline) break;
      await clock.sleep(waitMs);
    }
    unsent += left.length;
  }

  // A FIFO queue keeps the order in which it is sent to.
  await inParallel(
    inBatches(messages, ({ bytes }) => bytes),
    queue.isFifo ? 1 : PARALLEL_BATCHES,
    sendBatch,
  );
  return unsent;
}

import { inBatches } from '../../batches.ts';
import type { Clock } from '../../clock.ts';
import { mapLimit } from '../../map-limit.ts';
import { SQS_BATCH_LIMITS } from '../../sqs/limits.ts';
import type { OutgoingMessage } from '../../sqs/message.ts';
import type { SendOutcome } from '../../sqs/send-batch.ts';
import { sendWithRetry } from '../../sqs/send-with-retry.ts';
import type { EventQueue } from './event-queue.ts';

/** Batches of one request that are under way at once. */
const PARALLEL_BATCHES = 4;

export interface SendDependencies {
  readonly queue: EventQueue;
  readonly clock: Clock;
  /** In [0, 1). */
  readonly random: () => number;
  /** An attempt that failed as a whole. */
  readonly onFailure: (error: unknown) => void;
}

/**
 * Puts all messages into the queue. What SQS leaves of a batch is sent again until `deadline`. When one batch has failed for
 * good the request will come again as a whole, so the others are not sent any more.
 *
 * @param deadline in ms since 1970
 * @returns how many messages are not known to be in the queue; 0 means that every one is
 */
export async function sendMessages(
  messages: readonly OutgoingMessage[],
  deadline: number,
  { queue, clock, random, onFailure }: SendDependencies,
): Promise<number> {
  let unsent = 0;

  async function attempt(batch: readonly OutgoingMessage[]): Promise<readonly SendOutcome[]> {
    try {
      return await queue.sendBatch(batch, deadline);
    } catch (error) {
      onFailure(error);
      return [];
    }
  }

  const batches = inBatches(messages, SQS_BATCH_LIMITS, ({ bytes }) => bytes);
  // A FIFO queue keeps the order in which it is sent to.
  await mapLimit(batches, queue.isFifo ? 1 : PARALLEL_BATCHES, async (batch) => {
    const isPointless = (): boolean => unsent > 0;
    const left = await sendWithRetry(batch, attempt, { clock, random, deadline, isPointless });
    unsent += left.length;
  });
  return unsent;
}

import { inBatches } from '../../batches.ts';
import type { Clock } from '../../clock.ts';
import { mapLimit } from '../../map-limit.ts';
import { SQS_BATCH_LIMITS } from '../../sqs/limits.ts';
import type { OutgoingMessage } from '../../sqs/message.ts';
import { refusalCodes, refusedBySqs } from '../../sqs/refused-by-sqs.ts';
import type { SendOutcome } from '../../sqs/send-batch.ts';
import { sendWithRetry } from '../../sqs/send-with-retry.ts';
import type { EventQueue } from './event-queue.ts';

/** Batches of one request that are sent concurrently. */
const PARALLEL_BATCHES = 4;

/** What `sendMessages` uses. */
export interface SendDependencies {
  readonly queue: EventQueue;
  readonly clock: Clock;
  /** In [0, 1). */
  readonly random: () => number;
  /** Called when a call to SQS fails, and once for each code with which SQS refuses messages of a call. */
  readonly onFailure: (error: unknown) => void;
}

/**
 * Sends all messages to the queue. Messages that SQS does not accept are retried until `deadline`. When a batch has finally
 * failed, the remaining batches are not sent, because the client will repeat the whole request.
 *
 * @param deadline in ms since 1970
 * @returns how many messages are not known to be in the queue; 0 if all of them are
 */
export async function sendMessages(
  messages: readonly OutgoingMessage[],
  deadline: number,
  { queue, clock, random, onFailure }: SendDependencies,
): Promise<number> {
  let unsent = 0;

  async function attempt(batch: readonly OutgoingMessage[]): Promise<readonly SendOutcome[]> {
    try {
      const outcomes = await queue.sendBatch(batch, deadline);
      for (const code of refusalCodes(outcomes)) onFailure(refusedBySqs(code));
      return outcomes;
    } catch (error) {
      onFailure(error);
      return [];
    }
  }

  const batches = inBatches(messages, SQS_BATCH_LIMITS, ({ bytes }) => bytes);
  // On a FIFO queue the batches are sent one after the other, to keep the order.
  await mapLimit(batches, queue.isFifo ? 1 : PARALLEL_BATCHES, async (batch) => {
    const isPointless = (): boolean => unsent > 0;
    const left = await sendWithRetry(batch, attempt, { clock, random, deadline, isPointless });
    unsent += left.length;
  });
  return unsent;
}

import type { Clock } from '../../clock.ts';
import { refusalCodes, refusedBySqs } from '../../sqs/refused-by-sqs.ts';
import type { SendOutcome } from '../../sqs/send-batch.ts';
import { sendWithRetry } from '../../sqs/send-with-retry.ts';
import type { EventQueue } from './event-queue.ts';

/** What `persistent` uses. */
export interface PersistentSending {
  readonly clock: Clock;
  /** In [0, 1). */
  readonly random: () => number;
  /** Called when a call to SQS fails, and once for each code with which SQS refuses messages of a call. */
  readonly onFailure: (error: unknown) => void;
}

/** The longest wait between two attempts, in ms. It bounds how long a queue that is back stays unnoticed. */
const LONGEST_WAIT_MS = 20_000;
/** How long one call may take, in ms, so that a connection without an answer does not use up all the time. */
const CALL_MS = 10_000;

/**
 * Makes a queue that does not give up before the deadline: what SQS has not accepted is sent again until then, with exponential
 * backoff and full jitter. It returns the last outcome of each message and never throws.
 */
export function persistent(queue: EventQueue, { clock, random, onFailure }: PersistentSending): EventQueue {
  return {
    isFifo: queue.isFifo,
    async sendBatch(messages, deadline) {
      const unsent = await sendWithRetry(
        messages,
        async (batch): Promise<readonly SendOutcome[]> => {
          try {
            const outcomes = await queue.sendBatch(batch, Math.min(deadline, clock.now() + CALL_MS));
            for (const code of refusalCodes(outcomes)) onFailure(refusedBySqs(code));
            return outcomes;
          } catch (error) {
            onFailure(error);
            return [];
          }
        },
        { clock, random, deadline, attempts: Number.POSITIVE_INFINITY, longestWaitMs: LONGEST_WAIT_MS },
      );
      const failures = new Map(unsent.map(({ message, failure }) => [message, failure]));
      return messages.map((message) => failures.get(message) ?? { kind: 'sent' });
    },
  };
}

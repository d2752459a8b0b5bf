import type { Clock } from '../clock.ts';
import type { OutgoingMessage } from './message.ts';
import type { SendFailure, SendOutcome } from './send-batch.ts';

/** Options of `sendWithRetry`. */
export interface SendRetryOptions {
  readonly clock: Clock;
  /** In [0, 1). */
  readonly random: () => number;
  /** No retry starts after it; in ms since 1970. */
  readonly deadline?: number;
  /** Checked before every attempt; true ends the sending, for example because another batch of the request has failed. */
  readonly isPointless?: () => boolean;
  /** The total number of attempts; 4 by default. */
  readonly attempts?: number;
  /** The upper limit of a wait, in ms; none by default. */
  readonly longestWaitMs?: number;
}

/** A message that is not known to be in the queue, and why not. */
export interface Unsent<Message> {
  readonly message: Message;
  readonly failure: SendFailure;
}

const ATTEMPTS = 4;
/** The upper limit of the wait before the second attempt, in ms; it doubles with every further attempt. */
const FIRST_WAIT_MS = 100;

/**
 * Sends one batch, and retries the messages that SQS did not accept, with exponential backoff and full jitter. A message
 * that failed with a sender fault is not retried.
 *
 * @param send makes one attempt
 * @returns the messages that are not known to be in the queue; empty if all of them are
 * @throws whatever `send` throws
 * @see https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/
 */
export async function sendWithRetry<Message extends OutgoingMessage>(
  messages: readonly Message[],
  send: (messages: readonly Message[]) => Promise<readonly SendOutcome[]>,
  {
    clock,
    random,
    deadline = Number.POSITIVE_INFINITY,
    isPointless = () => false,
    attempts = ATTEMPTS,
    longestWaitMs = Number.POSITIVE_INFINITY,
  }: SendRetryOptions,
): Promise<readonly Unsent<Message>[]> {
  let unsent: readonly Unsent<Message>[] = messages.map((message) => ({ message, failure: NOT_TRIED }));
  const refused: Unsent<Message>[] = [];
  for (let attempt = 1; !isPointless(); attempt += 1) {
    const outcomes = await send(unsent.map(({ message }) => message));
    const failed = unsent.flatMap(({ message }, index): Unsent<Message>[] => {
      const outcome = outcomes[index] ?? NOT_TRIED;
      return outcome.kind === 'sent' ? [] : [{ message, failure: outcome }];
    });
    refused.push(...failed.filter(({ failure }) => failure.isSenderFault));
    unsent = failed.filter(({ failure }) => !failure.isSenderFault);
    if (unsent.length === 0 || attempt === attempts) break;
    const waitMs = random() * Math.min(FIRST_WAIT_MS * 2 ** (attempt - 1), longestWaitMs);
    if (clock.now() + waitMs >= deadline) break;
    await clock.sleep(waitMs);
  }
  return [...refused, ...unsent];
}

const NOT_TRIED: SendFailure = {
  kind: 'failed',
  code: 'NotTried',
  message: 'the message was not sent',
  isSenderFault: false,
};

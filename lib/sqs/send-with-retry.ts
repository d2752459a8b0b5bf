import type { Clock } from '../clock.ts';
import type { OutgoingMessage } from './message.ts';
import type { SendFailure, SendOutcome } from './send-batch.ts';

export interface SendRetryOptions {
  readonly clock: Clock;
  /** In [0, 1). */
  readonly random: () => number;
  /** No attempt begins after it; in ms since 1970. */
  readonly deadline?: number;
  /** Tells that another attempt makes no sense, for example because a sibling has failed for good. */
  readonly isPointless?: () => boolean;
}

/** A message that is not known to be in the queue, and why. */
export interface Unsent<Message> {
  readonly message: Message;
  readonly failure: SendFailure;
}

/** Attempts in all. */
const ATTEMPTS = 4;
/** Ceiling of the wait before the second attempt, in ms; it doubles with every further one. */
const FIRST_WAIT_MS = 100;

/**
 * Sends one batch, and again what SQS has left of it, with exponential backoff and full jitter. A message that SQS refuses
 * for a fault of its sender is not sent again.
 *
 * @param send one attempt; what it throws ends the sending and is thrown on
 * @returns the messages that are not known to be in the queue; empty: all of them are
 * @see https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/
 */
export async function sendWithRetry<Message extends OutgoingMessage>(
  messages: readonly Message[],
  send: (messages: readonly Message[]) => Promise<readonly SendOutcome[]>,
  { clock, random, deadline = Number.POSITIVE_INFINITY, isPointless = () => false }: SendRetryOptions,
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
    if (unsent.length === 0 || attempt === ATTEMPTS) break;
    const waitMs = random() * FIRST_WAIT_MS * 2 ** (attempt - 1);
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

import { backsOff, type Deferred, type DeferReason } from '../outcome.ts';

const FIRST_WAIT_S = 30;
const LONGEST_WAIT_S = 5 * 60;
/** A record waits at most its age divided by this, if that is more than `LONGEST_WAIT_S`. */
const AGE_SHARE = 48;
/**
 * A dead letter that could not be written never waits longer, whatever its age, so that SQS's redrive policy (1000 receives)
 * moves the record before the queue's retention period deletes it.
 */
const LONGEST_DEAD_LETTER_WAIT_S = 5 * 60;
const DEAD_LETTER_NOT_WRITTEN: ReadonlySet<DeferReason> = new Set(['dead_letter_failed', 'dead_letter_too_large']);
/**
 * SQS refuses a visibility timeout that would end more than 12 h after the receive. The poller has held the record for up to a
 * batch window, and the function for up to its timeout; a quarter of an hour covers both.
 */
const LONGEST_VISIBILITY_S = (12 * 60 - 15) * 60;

/** What the wait of a record depends on. */
export interface BackoffOptions {
  /** How often the record was received. */
  readonly receiveCount: number;
  /** The time since its first receive, in ms. */
  readonly ageMs: number;
  /** How long after its first receive a record that still fails is given up, in ms. */
  readonly retryMs: number;
  /** In [0, 1). */
  readonly random: number;
}

/**
 * Returns the visibility timeout of a deferred record, in whole seconds.
 *
 * After a failure it is 30 s, doubled with every receive, up to 5 min or a 48th of the record's age, whichever is longer, so
 * that a long outage does not use up the receives that SQS's redrive policy allows. Half of it is random jitter, so that records
 * that failed together do not return together. The record comes back for the last time when its retry time ends. It always
 * waits at least as long as Heap asked for. A dead letter that could not be written is tried again after 5 min at most. Lambda's
 * pollers do not slow down for partial failures, so nothing else limits the retries. A record that only waits for its turn waits
 * exactly as long as it has to.
 *
 * @param deferred the deferred events of the record
 * @see https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html
 * @see https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_ChangeMessageVisibility.html
 */
export function visibilityTimeoutS(
  deferred: readonly Deferred[],
  { receiveCount, ageMs, retryMs, random }: BackoffOptions,
): number {
  const askedMs = deferred.reduce((longest, { retryAfterMs = 0 }) => Math.max(longest, retryAfterMs), 0);
  const askedS = Math.ceil(askedMs / 1000);
  if (!deferred.some(backsOff)) return clamp(askedS);
  const longestS = deferred.some(({ reason }) => DEAD_LETTER_NOT_WRITTEN.has(reason))
    ? LONGEST_DEAD_LETTER_WAIT_S
    : Math.max(LONGEST_WAIT_S, ageMs / 1000 / AGE_SHARE);
  const ceilingS = Math.min(longestS, FIRST_WAIT_S * 2 ** (receiveCount - 1));
  const backoffS = Math.round((ceilingS * (1 + random)) / 2);
  const leftS = Math.ceil((retryMs - ageMs) / 1000) + 1;
  return clamp(Math.max(askedS, leftS > 1 ? Math.min(backoffS, leftS) : backoffS));
}

function clamp(seconds: number): number {
  return Math.min(Math.max(seconds, 1), LONGEST_VISIBILITY_S);
}

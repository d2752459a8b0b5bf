import { isFailure, type Deferred } from '../outcome.ts';

const FIRST_WAIT_S = 30;
const LONGEST_WAIT_S = 15 * 60;
/** SQS's limit for a visibility timeout. */
const LONGEST_VISIBILITY_S = 12 * 60 * 60;

/**
 * Returns the visibility timeout of a deferred record, in whole seconds.
 *
 * After a failure it is 30 s, doubled with every receive up to 15 min, and at least what Heap asked for. Half of it is
 * random jitter, so that records that failed together do not return together. Lambda's pollers do not slow down for partial
 * failures, so nothing else limits the retries. A record that only waits for its turn waits exactly as long as it has to.
 *
 * @param deferred the deferred events of the record
 * @param random in [0, 1)
 * @see https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html
 */
export function visibilityTimeoutS(deferred: readonly Deferred[], receiveCount: number, random: number): number {
  const asked = Math.ceil(Math.max(0, ...deferred.map(({ retryAfterMs = 0 }) => retryAfterMs)) / 1000);
  if (!deferred.some(isFailure)) return clamp(asked);
  const ceiling = Math.min(LONGEST_WAIT_S, FIRST_WAIT_S * 2 ** Math.min(receiveCount - 1, 10));
  return clamp(Math.max(asked, Math.round((ceiling * (1 + random)) / 2)));
}

function clamp(seconds: number): number {
  return Math.min(Math.max(seconds, 1), LONGEST_VISIBILITY_S);
}

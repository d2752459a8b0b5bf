import type { DeferReason, Deferred } from '../outcome.ts';

const FIRST_WAIT_S = 30;
const LONGEST_WAIT_S = 15 * 60;
/** SQS's own limit for a visibility timeout. */
const LONGEST_VISIBILITY_S = 12 * 60 * 60;

const WAITING_FOR_A_TURN: ReadonlySet<DeferReason> = new Set([
  'paced_app',
  'paced_identity',
  'fifo_order',
  'out_of_time',
]);

/** Whoever only waits for a turn has not failed, and the receives are not held against it. */
export function isFailure({ reason }: Deferred): boolean {
  return !WAITING_FOR_A_TURN.has(reason);
}

/**
 * For how long a deferred record is kept out of sight, in whole seconds. A failure waits 30 s, doubling with every receive
 * up to 15 min, half of it at random, so that what failed together does not come back together; and at least as long as
 * Heap has asked for. Lambda's pollers do not slow down for partial failures, so this is the only brake. A record that
 * only waits for its turn waits no longer than that.
 *
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

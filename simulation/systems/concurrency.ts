const LEAST = 5;
/** An account's usual limit. */
const MOST = 1000;
const STEP = 300;
const STEP_MS = 60_000;
/** With fewer messages waiting than this, Lambda is assumed to need no more invocations. */
const FEW_WAITING = 100;

/**
 * How many invocations Lambda runs for a standard queue without a maximum: five at first, and 300 more a minute while messages wait.
 *
 * @param now in ms since the start of the run
 * @see https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-scaling.html
 */
export function createConcurrency(now: () => number): (waiting: number) => number {
  let allowed = LEAST;
  let changedAt = 0;
  return (waiting) => {
    if (now() - changedAt >= STEP_MS) {
      changedAt = now();
      allowed = Math.min(MOST, Math.max(LEAST, allowed + (waiting > FEW_WAITING ? STEP : -STEP)));
    }
    return allowed;
  };
}

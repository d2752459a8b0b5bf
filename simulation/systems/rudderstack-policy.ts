/**
 * What RudderStack's router decides about a job, rule by rule, as in rudder-server f2655fb.
 *
 * @see https://github.com/rudderlabs/rudder-server/tree/f2655fb/router
 */

/** config/config.yaml: Router.noOfWorkers */
export const WORKERS = 64;
/** config/config.yaml: Router.readSleep. A new job waits for the next read of the job table. */
export const READ_SLEEP_MS = 1000;
/** router/handle_lifecycle.go: the timeout of a request. */
export const TIMEOUT_MS = 10_000;
/** router/network.go: an error of the connection, a timeout included, counts as this status. */
export const CONNECTION_ERROR_STATUS = 504;

/** config/config.yaml: Router.minRetryBackoff and maxRetryBackoff */
const BACKOFF_MS = { first: 10_000, longest: 300_000 };
/** config/config.yaml: Router.retryTimeWindow and maxFailedCountForJob */
const RETRY_LIMIT = { windowMs: 180 * 60_000, attempts: 3 };

/** router/misc.go, isSuccessStatus */
export function isSuccess(status: number): boolean {
  return status >= 200 && status < 300;
}

/** router/misc.go, isJobTerminated: every other status is final, a success or not. Only 429, 408, 5xx and 1xx are tried again. */
export function isTerminated(status: number): boolean {
  if (status === 429 || status === 408) return false;
  return status >= 200 && status < 500;
}

/**
 * router/misc.go, nextAttemptAfter
 *
 * @param attempts the attempts so far, at least 1
 * @returns the wait before the next attempt, in ms
 */
export function backoffMs(attempts: number): number {
  return Math.min(BACKOFF_MS.longest, BACKOFF_MS.first * 2 ** (attempts - 1));
}

/** What the router knows of a job that has failed. */
export interface FailedJob {
  readonly lastStatus: number;
  readonly attempts: number;
  /** The time since the first attempt, in ms. */
  readonly sinceFirstAttemptMs: number;
}

/** router/handle.go, retryLimitReached: a job is aborted after 5xx only, and only when both limits are exceeded. */
export function isRetryLimitReached({ lastStatus, attempts, sinceFirstAttemptMs }: FailedJob): boolean {
  if (lastStatus < 500) return false;
  return sinceFirstAttemptMs > RETRY_LIMIT.windowMs && attempts >= RETRY_LIMIT.attempts;
}

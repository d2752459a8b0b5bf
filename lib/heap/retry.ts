/** How a request is retried within one invocation. */
export interface RetryPolicy {
  /** The total number of attempts. */
  readonly attempts: number;
  /** The upper limit of the first wait, in ms; it doubles with every attempt. */
  readonly firstWaitMs: number;
  /** The upper limit of every wait, in ms. */
  readonly longestWaitMs: number;
  /** The timeout of one attempt, in ms. */
  readonly timeoutMs: number;
}

/** The policy used in production. */
export const RETRY_POLICY: RetryPolicy = { attempts: 4, firstWaitMs: 250, longestWaitMs: 8000, timeoutMs: 10_000 };

/**
 * The longest `Retry-After` that is honored, in ms: as long as a record waits after any other failure. Events that wait longer
 * arrive long after a short outage is over.
 */
const LONGEST_RETRY_AFTER_MS = 5 * 60 * 1000;

/**
 * Returns the wait before the next attempt, in ms: exponential backoff with full jitter.
 *
 * @param attemptsSoFar at least 1
 * @param random in [0, 1)
 * @see https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/
 */
export function backoffMs(policy: RetryPolicy, attemptsSoFar: number, random: number): number {
  return random * Math.min(policy.longestWaitMs, policy.firstWaitMs * 2 ** (attemptsSoFar - 1));
}

/**
 * Reads a `Retry-After` header: seconds, or an HTTP date.
 *
 * @param now in ms since 1970
 * @returns ms from `now`, at most 5 min; undefined if the header is absent or invalid
 * @see https://www.rfc-editor.org/rfc/rfc9110.html#name-retry-after
 */
export function parseRetryAfter(header: string | undefined, now: number): number | undefined {
  const value = header?.trim() ?? '';
  if (value === '') return undefined;
  const ms = /^\d+$/.test(value) ? Number(value) * 1000 : Date.parse(value) - now;
  return Number.isNaN(ms) ? undefined : Math.min(Math.max(ms, 0), LONGEST_RETRY_AFTER_MS);
}

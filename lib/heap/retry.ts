/** How a request is tried again within one invocation. */
export interface RetryPolicy {
  /** Attempts of one request in all. */
  readonly attempts: number;
  /** Ceiling of the first wait, in ms; it doubles with every attempt. */
  readonly firstWaitMs: number;
  /** Ceiling of every wait, in ms. */
  readonly longestWaitMs: number;
  /** Limit for one attempt, in ms. */
  readonly timeoutMs: number;
}

export const RETRY_POLICY: RetryPolicy = { attempts: 4, firstWaitMs: 250, longestWaitMs: 8000, timeoutMs: 10_000 };

/** The longest wait that Heap may ask for, in ms. SQS's own limit for a visibility timeout is 12 hours. */
const LONGEST_RETRY_AFTER_MS = 60 * 60 * 1000;

/**
 * Exponential backoff with full jitter, in ms.
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
 * @returns ms from `now`, an hour at most; undefined when the header is absent or makes no sense
 * @see https://www.rfc-editor.org/rfc/rfc9110.html#name-retry-after
 */
export function parseRetryAfter(header: string | undefined, now: number): number | undefined {
  const value = header?.trim() ?? '';
  if (value === '') return undefined;
  const ms = /^\d+$/.test(value) ? Number(value) * 1000 : Date.parse(value) - now;
  return Number.isNaN(ms) ? undefined : Math.min(Math.max(ms, 0), LONGEST_RETRY_AFTER_MS);
}

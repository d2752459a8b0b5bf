import type { Clock } from '../../clock.ts';
import { ConfigurationError } from '../../configuration-error.ts';

/**
 * How a container that has no keys yet reads them. Four waits of 1.9 s on average, and 3.75 s at most, bridge a throttle of a
 * second or two. They could be longer, but a container that waits takes no other request: Lambda starts another one for it,
 * which reads the keys too.
 */
const ATTEMPTS = 5;
/** The upper limit of the wait before the second attempt, in ms; it doubles with every further attempt. */
const FIRST_WAIT_MS = 250;
/** No attempt begins or goes on after this time, in ms. The function has 15 s, and needs some of them for the queue. */
const READ_MS = 6000;

/** The timeout of one attempt, in ms. */
export const ATTEMPT_MS = 3000;

/** The upper limit of the pause after the first failed read, in ms; it doubles with every further one. */
const FIRST_PAUSE_MS = 2000;
/** The upper limit of every pause, in ms. With the timeout of an attempt, it is shorter than half a minute. */
const LONGEST_PAUSE_MS = 25_000;

/** What `retryRead` uses. */
export interface RetryDependencies {
  readonly clock: Clock;
  /** In [0, 1). */
  readonly random: () => number;
}

/**
 * Makes attempts with exponential backoff and full jitter until one succeeds, for 6 s at most. A `ConfigurationError` is final:
 * it stays until somebody changes something.
 *
 * @param attempt makes one attempt within a timeout in ms
 * @throws the error of the last attempt
 * @see https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/
 */
export async function retryRead<Result>(
  attempt: (timeoutMs: number) => Promise<Result>,
  { clock, random }: RetryDependencies,
): Promise<Result> {
  const end = clock.now() + READ_MS;
  for (let made = 1; ; made += 1) {
    try {
      return await attempt(Math.min(ATTEMPT_MS, Math.max(1, end - clock.now())));
    } catch (error) {
      const waitMs = random() * FIRST_WAIT_MS * 2 ** (made - 1);
      if (made === ATTEMPTS || clock.now() + waitMs >= end || error instanceof ConfigurationError) throw error;
      await clock.sleep(waitMs);
    }
  }
}

/**
 * Returns how long a container without keys does not read them again, in ms: from 1 to 2 s after the first failed read, from
 * 12.5 to 25 s after the fifth. Half of it is random, so that containers that started together do not read together.
 *
 * @param failedReads in a row, at least 1
 * @param random in [0, 1)
 */
export function pauseMs(failedReads: number, random: number): number {
  const longest = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** (failedReads - 1));
  return (longest / 2) * (1 + random);
}

/** How long a request may take. It lives as long as its container. All times are durations in ms. */
export interface Patience {
  /** The timeout of the next attempt, if the invocation has so much time. */
  readonly timeoutMs: () => number;
  /** Whether an attempt without an answer after `waitedMs` is a failure of Heap, and not only cut short by the deadline. */
  readonly isFailure: (waitedMs: number) => boolean;
  /** Records an attempt without an answer after `waitedMs`. */
  readonly timedOut: (waitedMs: number) => void;
  /** Records an answer and how long it took. */
  readonly answered: (tookMs: number) => void;
}

/** Lambda's longest timeout of a function, in ms. No attempt takes longer. */
const LONGEST_MS = 15 * 60 * 1000;

/**
 * Creates the patience. With a fixed timeout, a Heap that needs a little longer for every request would never get an event
 * through. So each attempt without an answer doubles the timeout of the next one. An answer sets it to twice the time that
 * the answer took, and at least to the normal timeout.
 *
 * @param normalMs the timeout while Heap answers quickly
 */
export function createPatience(normalMs: number): Patience {
  let timeoutMs = normalMs;
  let lastTookMs = 0;
  return {
    timeoutMs: () => timeoutMs,
    isFailure: (waitedMs) => waitedMs >= Math.max(normalMs, lastTookMs),
    timedOut(waitedMs) {
      // Several attempts at once without an answer double the time once.
      timeoutMs = Math.min(Math.max(timeoutMs, waitedMs * 2), LONGEST_MS);
    },
    answered(tookMs) {
      lastTookMs = tookMs;
      timeoutMs = Math.min(Math.max(normalMs, tookMs * 2), LONGEST_MS);
    },
  };
}

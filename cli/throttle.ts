import { setTimeout as sleep } from 'node:timers/promises';

/**
 * Limits work to a rate.
 *
 * @param rate items per second; undefined for no limit
 * @param signal ends the wait
 * @returns a function that waits until `done` items since the start do not exceed the rate
 */
export function createThrottle(rate: number | undefined, signal: AbortSignal): (done: number) => Promise<void> {
  const startedAt = Date.now();
  return async (done) => {
    if (rate === undefined) return;
    const aheadMs = (done / rate) * 1000 - (Date.now() - startedAt);
    if (aheadMs > 0) await sleep(aheadMs, undefined, { signal }).catch(() => undefined);
  };
}

import { setTimeout as sleep } from 'node:timers/promises';

/**
 * Keeps work to a rate.
 *
 * @param rate items a second; undefined: as fast as it goes
 * @param signal ends the waiting
 * @returns waits until `done` items since the start are no faster than the rate
 */
export function createThrottle(rate: number | undefined, signal: AbortSignal): (done: number) => Promise<void> {
  const startedAt = Date.now();
  return async (done) => {
    if (rate === undefined) return;
    const aheadMs = (done / rate) * 1000 - (Date.now() - startedAt);
    if (aheadMs > 0) await sleep(aheadMs, undefined, { signal }).catch(() => undefined);
  };
}

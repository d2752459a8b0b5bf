import type { ValidRequest } from './validate.ts';

export interface RateRules {
  readonly eventsPerMinute: number;
  readonly eventsPerMinutePerIdentity: number;
}

const WINDOW_MS = 60_000;

/** Heap's documented rate limits, enforced in a sliding window for each app and each identity. */
export interface RateWindows {
  /** Whether the request is within the limits. Only admitted requests count. */
  readonly admit: (request: ValidRequest) => boolean;
}

/** @param now in ms since 1970 */
export function createRateWindows(now: () => number, limits: RateRules): RateWindows {
  const windows = new Map<string, { at: number; count: number }[]>();

  function used(key: string): number {
    const current = (windows.get(key) ?? []).filter(({ at }) => at > now() - WINDOW_MS);
    windows.set(key, current);
    return current.reduce((sum, { count }) => sum + count, 0);
  }

  return {
    admit({ appId, kind, entries }) {
      if (kind !== 'track') return true;
      const counts = new Map<string, number>();
      for (const { identity, user_id: userId } of entries) {
        const key = JSON.stringify([appId, identity ?? userId]);
        counts.set(key, (counts.get(key) ?? 0) + 1);
      }
      if (used(appId) + entries.length > limits.eventsPerMinute) return false;
      for (const [key, count] of counts) if (used(key) + count > limits.eventsPerMinutePerIdentity) return false;
      for (const [key, count] of counts.set(appId, entries.length)) windows.get(key)?.push({ at: now(), count });
      return true;
    },
  };
}

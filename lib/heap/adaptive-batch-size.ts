import { LIMITS } from './api.ts';

/** How many entries a request to an app may hold. It lives as long as its container. */
export interface AdaptiveBatchSize {
  readonly of: (appId: string) => number;
  /**
   * Learns from an app's requests of one invocation.
   *
   * @param unfinished the entries of the smallest request that there was no time or no room to bisect further; undefined: none
   */
  readonly learn: (appId: string, unfinished: number | undefined) => void;
}

/** How much faster the size recovers than it was halved. */
const RECOVERY = 4;

/**
 * Heap's own limit, as a rule. Bisecting 1000 entries down to a bad one takes ten requests in a row. When an invocation has
 * no time for them, or the rate limits no room, each invocation would begin anew and none would end. So the next one begins
 * where this one ended.
 *
 * @param sizes where the sizes are kept that differ from Heap's limit
 */
export function createAdaptiveBatchSize(sizes: Map<string, number> = new Map()): AdaptiveBatchSize {
  const of = (appId: string): number => sizes.get(appId) ?? LIMITS.entriesPerRequest;
  return {
    of,
    learn(appId, unfinished) {
      const next = unfinished ?? of(appId) * RECOVERY;
      if (next < LIMITS.entriesPerRequest) sizes.set(appId, Math.max(1, next));
      else sizes.delete(appId);
    },
  };
}

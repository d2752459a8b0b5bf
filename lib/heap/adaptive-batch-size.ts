import { LIMITS } from './api.ts';

/** The largest number of entries per request, for each app. It lives as long as its container. */
export interface AdaptiveBatchSize {
  /** Returns the batch size for an app. */
  readonly of: (appId: string) => number;
  /**
   * Adjusts the batch size of an app after an invocation.
   *
   * @param unfinished the size of the smallest request that could not be bisected further for lack of time or of room in the
   *   rate limit, in entries; undefined if there was none
   */
  readonly learn: (appId: string, unfinished: number | undefined) => void;
}

/** The factor by which the size grows back after an invocation without an unfinished request. */
const RECOVERY = 4;

/**
 * Creates the adaptive batch size. It is normally Heap's limit. Bisecting 1000 entries down to a bad one takes ten requests
 * in a row. If an invocation has no time for them, or the rate limit no room, every invocation would start over and none
 * would finish. So the next invocation starts with the size that this one reached.
 *
 * @param sizes stores the sizes that differ from Heap's limit
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

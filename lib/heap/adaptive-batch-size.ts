import { LIMITS } from './api.ts';

/** The largest number of entries per request, for each app. It lives as long as its container. */
export interface AdaptiveBatchSize {
  /** Returns the batch size for an app. */
  readonly of: (appId: string) => number;
  /**
   * Adjusts the batch size of an app after an invocation.
   *
   * @param timedOut the size of the largest request that Heap did not answer in time, in entries; undefined if there was none
   */
  readonly learn: (appId: string, timedOut: number | undefined) => void;
}

/** The factor by which the size shrinks after a timeout, and grows back after an invocation without one. */
const FACTOR = 4;
/** The capacity in apps, since app ids may come from events. The app whose size is known longest is evicted first. */
const MOST_APPS = 1000;

/**
 * Creates the adaptive batch size. It is normally Heap's limit. If Heap does not answer in time, the cause may be the size of
 * the request, so the next invocation sends smaller ones.
 *
 * @param sizes stores the sizes that differ from Heap's limit
 */
export function createAdaptiveBatchSize(sizes: Map<string, number> = new Map()): AdaptiveBatchSize {
  const of = (appId: string): number => sizes.get(appId) ?? LIMITS.entriesPerRequest;
  return {
    of,
    learn(appId, timedOut) {
      const next = timedOut === undefined ? of(appId) * FACTOR : shrink(of(appId), timedOut);
      if (next >= LIMITS.entriesPerRequest) {
        sizes.delete(appId);
        return;
      }
      sizes.set(appId, next);
      for (const oldest of sizes.size > MOST_APPS ? sizes.keys() : []) {
        sizes.delete(oldest);
        break;
      }
    },
  };
}

/**
 * The step is a quarter of the size and not of the request, since one timeout of a small request says little about large ones.
 * If small ones time out again and again, they become smaller too; otherwise an entry that never gets an answer would hold up
 * its neighbours for ever.
 */
function shrink(size: number, timedOut: number): number {
  // An entry alone cannot be sent in a smaller request.
  if (timedOut === 1) return size;
  return Math.max(1, Math.floor(size / FACTOR));
}

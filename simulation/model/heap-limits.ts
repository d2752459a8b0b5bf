import type { SimulatedEvent } from './event.ts';
import { createSlidingCount, type SlidingCount } from './sliding-count.ts';

/**
 * Heap's documented rate limits. The bulk form of /api/track has one for the app and one for each identity; the bulk form of user
 * properties has none. The single form has one for each identity, for each of the two paths. test/simulation/heap.test.ts holds the bulk form
 * against local/heap-simulator/.
 *
 * @see https://developers.heap.io/reference/bulk-track
 * @see https://developers.heap.io/reference/track-1
 */
export interface HeapLimits {
  /** Whether a bulk request is within the limits. Only admitted requests count. */
  readonly admitBulk: (events: readonly SimulatedEvent[]) => boolean;
  readonly admitSingle: (event: SimulatedEvent) => boolean;
}

const BULK = { perApp: 15_000, perIdentity: 1000, windowMs: 60_000 };
const SINGLE = { perIdentity: 30, windowMs: 30_000 };

/** @param now in ms since the start of the run */
export function createHeapLimits(now: () => number): HeapLimits {
  const app = createSlidingCount(BULK.windowMs);
  const bulk = new Map<number, SlidingCount>();
  const single = {
    track: new Map<number, SlidingCount>(),
    add_user_properties: new Map<number, SlidingCount>(),
    add_account_properties: new Map<number, SlidingCount>(),
  };

  return {
    admitBulk(events) {
      if (events[0]?.call !== 'track') return true;
      if (app.at(now()) + events.length > BULK.perApp) return false;
      const byUser = new Map<number, number>();
      for (const { user } of events) byUser.set(user, (byUser.get(user) ?? 0) + 1);
      for (const [user, count] of byUser) {
        if ((bulk.get(user)?.at(now()) ?? 0) + count > BULK.perIdentity) return false;
      }
      app.add(now(), events.length);
      for (const [user, count] of byUser) countOf(bulk, user, BULK.windowMs).add(now(), count);
      return true;
    },
    admitSingle({ user, call }) {
      const count = countOf(single[call], user, SINGLE.windowMs);
      if (count.at(now()) >= SINGLE.perIdentity) return false;
      count.add(now(), 1);
      return true;
    },
  };
}

function countOf(counts: Map<number, SlidingCount>, user: number, windowMs: number): SlidingCount {
  const known = counts.get(user);
  if (known !== undefined) return known;
  const count = createSlidingCount(windowMs);
  counts.set(user, count);
  return count;
}

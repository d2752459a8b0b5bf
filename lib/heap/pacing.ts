import { LIMITS } from './api.ts';
import type { Entry } from './bulk.ts';

/** Heap's rate limits as far as this copy of the function may use them. */
export interface Pace {
  readonly perApp: number;
  readonly perIdentity: number;
  /** The window that the two limits hold for, in ms. */
  readonly windowMs: number;
}

/**
 * Divides Heap's limits by the number of copies that may run at once. What happens over the limits is not documented,
 * silent dropping included, so they are kept in advance.
 *
 * @see https://developers.heap.io/reference/bulk-track
 */
export function paceFor(maximumConcurrency: number): Pace {
  return {
    perApp: Math.max(1, Math.floor(LIMITS.eventsPerMinute / maximumConcurrency)),
    perIdentity: Math.max(1, Math.floor(LIMITS.eventsPerMinutePerIdentity / maximumConcurrency)),
    windowMs: 60_000,
  };
}

/** Room that a request has taken in the windows. */
export interface Reservation {
  /** The request has been answered, or nobody knows: its events count for a full window from now on. */
  keep(now: number): void;
  /** Heap has refused the request: its events were not taken in. */
  release(): void;
}

export interface Pacer {
  /** How many more events of the identity fit into the current window. */
  roomFor(appId: string, identity: string, now: number): number;
  /** In how many ms the first of the identity's events leaves the window; 0 when there is room. */
  waitForIdentity(appId: string, identity: string, now: number): number;
  /** Takes room for all entries, or tells in how many ms there will be enough. */
  reserve(
    appId: string,
    entries: readonly Entry[],
    now: number,
  ):
    | { readonly kind: 'reserved'; readonly reservation: Reservation }
    | { readonly kind: 'full'; readonly waitMs: number };
}

interface Charge {
  count: number;
  /** When it leaves the window, in ms since 1970. While the request is under way nobody knows: Infinity. */
  until: number;
}

/**
 * Keeps count of the track events sent by this copy of the function, in sliding windows: no span of the window's length
 * ever holds more than the limit, whichever kind of window Heap uses. An event counts from its sending until one window
 * after the answer, since it reached Heap somewhere in between.
 */
export function createPacer(pace: Pace): Pacer {
  const windows = new Map<string, Charge[]>();
  let nextSweep = 0;

  function chargesOf(key: string, now: number): Charge[] {
    const charges = windows.get(key);
    if (charges === undefined) return [];
    const current = charges.filter(({ until }) => until > now);
    if (current.length === 0) windows.delete(key);
    else if (current.length < charges.length) windows.set(key, current);
    return current;
  }

  /** In how many ms `count` more fit; 0: now. */
  function waitFor(key: string, count: number, limit: number, now: number): number {
    const charges = chargesOf(key, now);
    let over = charges.reduce((sum, charge) => sum + charge.count, count) - limit;
    if (over <= 0) return 0;
    for (const charge of charges.toSorted((a, b) => a.until - b.until)) {
      over -= charge.count;
      if (over <= 0) return charge.until - now;
    }
    return pace.windowMs;
  }

  /** Identities that are never seen again would otherwise stay for ever. */
  function sweep(now: number): void {
    if (now < nextSweep) return;
    for (const key of windows.keys()) chargesOf(key, now);
    nextSweep = now + pace.windowMs;
  }

  return {
    roomFor(appId, identity, now) {
      const used = chargesOf(identityKey(appId, identity), now).reduce((sum, { count }) => sum + count, 0);
      return Math.max(0, pace.perIdentity - used);
    },

    waitForIdentity: (appId, identity, now) => waitFor(identityKey(appId, identity), 1, pace.perIdentity, now),

    reserve(appId, entries, now) {
      sweep(now);
      const counts = new Map<string, number>();
      for (const { identity } of entries) {
        const key = identityKey(appId, identity);
        counts.set(key, (counts.get(key) ?? 0) + 1);
      }
      let waitMs = waitFor(appId, entries.length, pace.perApp, now);
      for (const [key, count] of counts) waitMs = Math.max(waitMs, waitFor(key, count, pace.perIdentity, now));
      if (waitMs > 0) return { kind: 'full', waitMs };

      const charges: Charge[] = [];
      for (const [key, count] of counts.set(appId, entries.length)) {
        const charge = { count, until: Number.POSITIVE_INFINITY };
        charges.push(charge);
        const window = windows.get(key);
        if (window === undefined) windows.set(key, [charge]);
        else window.push(charge);
      }
      const setUntil = (until: number): void => {
        for (const charge of charges) charge.until = until;
      };
      return {
        kind: 'reserved',
        reservation: { keep: (at) => setUntil(at + pace.windowMs), release: () => setUntil(0) },
      };
    },
  };
}

function identityKey(appId: string, identity: string): string {
  return `${appId}\n${identity}`;
}

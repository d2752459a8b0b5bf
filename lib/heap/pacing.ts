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
  /**
   * The request is over: its events count for a full window from now on, whatever has come of it. Nobody knows how much of
   * a request Heap has taken in that it refused or left without an answer.
   */
  keep(now: number): void;
}

export interface Pacer {
  /** How many more events of the identity fit into the current window. */
  roomFor(appId: string, identity: string, now: number): number;
  /** Takes room for all entries, or tells in how many ms there will be enough. */
  reserve(
    appId: string,
    entries: readonly Entry[],
    now: number,
  ):
    | { readonly kind: 'reserved'; readonly reservation: Reservation }
    | { readonly kind: 'full'; readonly reason: 'paced_app' | 'paced_identity'; readonly waitMs: number };
  /**
   * Gives an event a place behind all those that wait for the same limit already, so that it comes back when it can be
   * sent and not just to be sent away again.
   *
   * @returns for how long it has to wait, in ms
   */
  queueUp(appId: string, identity: string, reason: 'paced_app' | 'paced_identity', now: number): number;
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
 *
 * The first half of an app's window may go at once. The second is spread over time: a container that has used up its
 * minute in a few seconds could only wait for most of the next.
 */
export function createPacer(pace: Pace): Pacer {
  const windows = new Map<string, Charge[]>();
  /** When the next event may go, for those who have to spread. */
  const notBefore = new Map<string, number>();
  /** When the last of those who queue has its turn. */
  const lastTurns = new Map<string, number>();
  let nextSweep = 0;

  function chargesOf(key: string, now: number): Charge[] {
    const charges = windows.get(key);
    if (charges === undefined) return [];
    const current = charges.filter(({ until }) => until > now);
    if (current.length === 0) windows.delete(key);
    else if (current.length < charges.length) windows.set(key, current);
    return current;
  }

  function used(key: string, now: number): number {
    return chargesOf(key, now).reduce((sum, { count }) => sum + count, 0);
  }

  /** In how many ms `count` more fit; 0: now. */
  function waitFor(key: string, count: number, limit: number, now: number): number {
    const charges = chargesOf(key, now);
    let over = count - limit;
    for (const charge of charges) over += charge.count;
    if (over <= 0) return 0;
    for (const charge of charges.toSorted((a, b) => a.until - b.until)) {
      over -= charge.count;
      if (over <= 0) return charge.until - now;
    }
    return pace.windowMs;
  }

  function waitToSpread(appId: string, count: number, now: number): number {
    const mustSpread = used(appId, now) + count > pace.perApp / 2;
    return mustSpread ? Math.max(0, (notBefore.get(appId) ?? now) - now) : 0;
  }

  /** What is never seen again would otherwise stay for ever. */
  function sweep(now: number): void {
    if (now < nextSweep) return;
    for (const key of windows.keys()) chargesOf(key, now);
    for (const times of [notBefore, lastTurns]) {
      for (const [key, time] of times) if (time <= now) times.delete(key);
    }
    nextSweep = now + pace.windowMs;
  }

  return {
    roomFor: (appId, identity, now) => Math.max(0, pace.perIdentity - used(identityKey(appId, identity), now)),

    reserve(appId, entries, now) {
      sweep(now);
      const byIdentity = new Map<string, number>();
      for (const { identity } of entries) byIdentity.set(identity, (byIdentity.get(identity) ?? 0) + 1);
      const counts = new Map<string, number>();
      let ofIdentities = 0;
      for (const [identity, count] of byIdentity) {
        const key = identityKey(appId, identity);
        counts.set(key, count);
        ofIdentities = Math.max(ofIdentities, waitFor(key, count, pace.perIdentity, now));
      }
      const ofApp = Math.max(
        waitFor(appId, entries.length, pace.perApp, now),
        waitToSpread(appId, entries.length, now),
      );
      if (ofApp > 0 || ofIdentities > 0) {
        const reason = ofApp >= ofIdentities ? 'paced_app' : 'paced_identity';
        return { kind: 'full', reason, waitMs: Math.max(ofApp, ofIdentities) };
      }

      notBefore.set(appId, now + (entries.length * pace.windowMs) / pace.perApp);
      const charges: Charge[] = [];
      for (const [key, count] of counts.set(appId, entries.length)) {
        const charge = { count, until: Number.POSITIVE_INFINITY };
        charges.push(charge);
        const window = windows.get(key);
        if (window === undefined) windows.set(key, [charge]);
        else window.push(charge);
      }
      return {
        kind: 'reserved',
        reservation: {
          keep(at) {
            for (const charge of charges) charge.until = at + pace.windowMs;
          },
        },
      };
    },

    queueUp(appId, identity, reason, now) {
      const [key, limit] =
        reason === 'paced_app' ? [appId, pace.perApp] : [identityKey(appId, identity), pace.perIdentity];
      const turn = Math.max(now + waitFor(key, 1, limit, now), lastTurns.get(key) ?? 0);
      lastTurns.set(key, turn + pace.windowMs / limit);
      return turn - now;
    },
  };
}

function identityKey(appId: string, identity: string): string {
  return `${appId}\n${identity}`;
}

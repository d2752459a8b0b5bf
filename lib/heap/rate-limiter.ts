import { LIMITS } from './api.ts';
import type { Entry } from './bulk.ts';
import { countIn, dropExpired, waitForRoom, type Charge, type SlidingWindow } from './sliding-window.ts';

/** Heap's rate limits as far as this copy of the function may use them. */
export interface RateLimits {
  /** Events in a window, for one app. */
  readonly perApp: number;
  /** Events in a window, for one identity of an app. */
  readonly perIdentity: number;
  /** The window that the two limits hold for, in ms. */
  readonly windowMs: number;
}

/**
 * Divides Heap's limits by the number of copies that may run at once. Heap does not document what happens beyond the limits,
 * and silent dropping is possible, so they are kept in advance.
 *
 * @see https://developers.heap.io/reference/bulk-track
 */
export function rateLimitsFor(maximumConcurrency: number): RateLimits {
  return {
    perApp: Math.max(1, Math.floor(LIMITS.eventsPerMinute / maximumConcurrency)),
    perIdentity: Math.max(1, Math.floor(LIMITS.eventsPerMinutePerIdentity / maximumConcurrency)),
    windowMs: 60_000,
  };
}

/** Which of the two limits an event waits for. These are also reasons of a deferral. */
export type LimitReason = 'paced_app' | 'paced_identity';

/** Room that a request has taken in the windows. */
export interface Reservation {
  /**
   * The request has ended: its events count for one full window from now on, whatever the answer. Nobody knows how much of
   * a request Heap has stored that it refused or left without an answer.
   */
  readonly end: (now: number) => void;
}

export type ReservationAnswer =
  | { readonly kind: 'reserved'; readonly reservation: Reservation }
  /** `waitMs`: when there will be enough room. */
  | { readonly kind: 'full'; readonly reason: LimitReason; readonly waitMs: number };

export interface RateLimiter {
  /** How many more events of the identity fit into the current window. */
  readonly roomFor: (appId: string, identity: string, now: number) => number;
  /** Takes room for all entries, or for none. */
  readonly reserve: (appId: string, entries: readonly Entry[], now: number) => ReservationAnswer;
  /**
   * Gives an event its place behind all those that wait for the same limit already, so that it comes back when it can be
   * sent, and not earlier.
   *
   * @returns how long it has to wait, in ms
   */
  readonly queueUp: (appId: string, identity: string, reason: LimitReason, now: number) => number;
}

/** What is remembered of one app. Times are in ms since 1970. */
export interface AppUsage {
  readonly window: SlidingWindow;
  readonly identities: Map<string, SlidingWindow>;
  /** When the next event may go, while the app has to spread. */
  notBefore: number;
  /** When the last of those who queue for the app's limit has its turn. */
  lastTurn: number;
  /** The same for each identity's limit. */
  readonly lastTurns: Map<string, number>;
}

/**
 * Counts the track events that this copy of the function has sent, in sliding windows: no span of the window's length ever
 * holds more than the limit, whichever kind of window Heap uses. An event counts from its sending until one window after the
 * answer, since it reached Heap somewhere in between.
 *
 * The first half of an app's window may go at once. The second half is spread over time: a container that has used up its
 * minute within a few seconds could only wait for most of the next.
 *
 * @param apps where the counts are kept; they are removed when they are over
 */
export function createRateLimiter(limits: RateLimits, apps: Map<string, AppUsage> = new Map()): RateLimiter {
  const { perApp, perIdentity, windowMs } = limits;
  let nextSweep = 0;

  function usageOf(appId: string): AppUsage {
    let usage = apps.get(appId);
    if (usage === undefined) {
      usage = { window: [], identities: new Map(), notBefore: 0, lastTurn: 0, lastTurns: new Map() };
      apps.set(appId, usage);
    }
    return usage;
  }

  return {
    roomFor: (appId, identity, now) =>
      Math.max(0, perIdentity - countIn(apps.get(appId)?.identities.get(identity) ?? NOTHING, now)),

    reserve(appId, entries, now) {
      if (now >= nextSweep) {
        sweep(apps, now);
        nextSweep = now + windowMs;
      }
      const usage = usageOf(appId);
      const counts = countByIdentity(entries);
      const waitOfApp = waitForApp(usage, entries.length, limits, now);
      const waitOfIdentities = waitForIdentities(usage, counts, limits, now);
      if (waitOfApp > 0 || waitOfIdentities > 0) {
        const reason = waitOfApp >= waitOfIdentities ? 'paced_app' : 'paced_identity';
        return { kind: 'full', reason, waitMs: Math.max(waitOfApp, waitOfIdentities) };
      }
      usage.notBefore = now + (entries.length * windowMs) / perApp;
      const charges = charge(usage, entries.length, counts);
      const end = (at: number): void => {
        for (const one of charges) one.until = at + windowMs;
      };
      return { kind: 'reserved', reservation: { end } };
    },

    queueUp(appId, identity, reason, now) {
      const usage = usageOf(appId);
      const isOfApp = reason === 'paced_app';
      const limit = isOfApp ? perApp : perIdentity;
      const window = isOfApp ? usage.window : (usage.identities.get(identity) ?? NOTHING);
      const lastTurn = isOfApp ? usage.lastTurn : (usage.lastTurns.get(identity) ?? 0);
      const turn = Math.max(now + waitForRoom(window, { count: 1, limit, now, windowMs }), lastTurn);
      const next = turn + windowMs / limit;
      if (isOfApp) usage.lastTurn = next;
      else usage.lastTurns.set(identity, next);
      return turn - now;
    },
  };
}

const NOTHING: SlidingWindow = [];

function countByIdentity(entries: readonly Entry[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const { identity } of entries) counts.set(identity, (counts.get(identity) ?? 0) + 1);
  return counts;
}

/** In how many ms the app's own limit has room for `count` events, spreading included. */
function waitForApp(usage: AppUsage, count: number, { perApp, windowMs }: RateLimits, now: number): number {
  dropExpired(usage.window, now);
  const wait = waitForRoom(usage.window, { count, limit: perApp, now, windowMs });
  const mustSpread = countIn(usage.window, now) + count > perApp / 2;
  return mustSpread ? Math.max(wait, usage.notBefore - now) : wait;
}

/** In how many ms every identity has room for its share of the request. */
function waitForIdentities(
  { identities }: AppUsage,
  counts: ReadonlyMap<string, number>,
  { perIdentity, windowMs }: RateLimits,
  now: number,
): number {
  let longest = 0;
  for (const [identity, count] of counts) {
    const window = identities.get(identity) ?? NOTHING;
    // By far the most identities have sent nothing lately.
    if (window.length === 0 && count <= perIdentity) continue;
    dropExpired(window, now);
    longest = Math.max(longest, waitForRoom(window, { count, limit: perIdentity, now, windowMs }));
  }
  return longest;
}

function charge({ window, identities }: AppUsage, total: number, counts: ReadonlyMap<string, number>): Charge[] {
  const ofApp: Charge = { count: total, until: Number.POSITIVE_INFINITY };
  window.push(ofApp);
  const charges = [ofApp];
  for (const [identity, count] of counts) {
    const one: Charge = { count, until: Number.POSITIVE_INFINITY };
    charges.push(one);
    const ofIdentity = identities.get(identity);
    if (ofIdentity === undefined) identities.set(identity, [one]);
    else ofIdentity.push(one);
  }
  return charges;
}

/** Forgets what is over; what is never seen again would otherwise stay for ever. */
function sweep(apps: Map<string, AppUsage>, now: number): void {
  for (const [appId, usage] of apps) {
    dropExpired(usage.window, now);
    for (const [identity, window] of usage.identities) {
      dropExpired(window, now);
      if (window.length === 0) usage.identities.delete(identity);
    }
    for (const [identity, turn] of usage.lastTurns) if (turn <= now) usage.lastTurns.delete(identity);
    const isOver = usage.window.length + usage.identities.size + usage.lastTurns.size === 0;
    if (isOver && Math.max(usage.notBefore, usage.lastTurn) <= now) apps.delete(appId);
  }
}

import { LIMITS } from './api.ts';
import type { Entry } from './bulk.ts';
import { countIn, dropExpired, waitForRoom, type Charge, type SlidingWindow } from './sliding-window.ts';

/** This container's share of Heap's rate limits. */
export interface RateLimits {
  /** Events per window for one app. */
  readonly perApp: number;
  /** Events per window for one identity of an app. */
  readonly perIdentity: number;
  /** The length of the window, in ms. */
  readonly windowMs: number;
}

/**
 * Divides Heap's rate limits by the number of containers that may run at once. Heap does not document what happens to events
 * beyond its limits. They may be dropped without an error, so the limits are enforced before sending.
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

/** The size of a request when half of an app's limit is used up, in events. */
const SPREAD_REQUEST = LIMITS.entriesPerRequest / 2;

/** The limit that an event waits for. The values are also reason codes of a deferral. */
export type LimitReason = 'paced_app' | 'paced_identity';

/** The detail of a deferral for want of room. */
export const NO_ROOM = "no room within Heap's rate limit yet";

/** The room that a request has reserved in the windows. */
export interface Reservation {
  /**
   * Has to be called when the request has ended. Its events count for one full window from then on, whatever the answer,
   * because Heap may have stored events of a request that it refused or did not answer.
   */
  readonly end: (now: number) => void;
}

/** The answer to a request for room. */
export type ReservationAnswer =
  | { readonly kind: 'reserved'; readonly reservation: Reservation }
  /** `waitMs`: how long until there is enough room. */
  | { readonly kind: 'full'; readonly reason: LimitReason; readonly waitMs: number };

/** Enforces Heap's rate limits for track events. `now` is in ms since 1970. */
export interface RateLimiter {
  /** Returns how many more events of the identity fit into the current window. */
  readonly roomFor: (appId: string, identity: string, now: number) => number;
  /**
   * Returns how many of `count` events a request of the app should have at most: all that the limit allows. When half of that
   * is used up, it is half a full request or less, so that a window holds a whole number of them. Otherwise a backlog would
   * get seven full requests out of a share of 7500.
   */
  readonly requestSize: (appId: string, count: number, now: number) => number;
  /** Reserves room for all entries, or for none of them. */
  readonly reserve: (appId: string, entries: readonly Entry[], now: number) => ReservationAnswer;
  /**
   * Assigns a turn to an event, after all events that already wait for the same limit, so that it returns from the queue
   * when there is room for it.
   *
   * @returns how long the event has to wait, in ms
   */
  readonly queueUp: (appId: string, identity: string, reason: LimitReason, now: number) => number;
}

/** The state of one app. Times are in ms since 1970. */
export interface AppUsage {
  readonly window: SlidingWindow;
  readonly identities: Map<string, SlidingWindow>;
  /** When the next request may be sent, while the app's requests are spread over time. */
  notBefore: number;
  /** The end of the last turn that was assigned for the app's limit. */
  lastTurn: number;
  /** The same for each identity's limit. */
  readonly lastTurns: Map<string, number>;
}

/**
 * Creates a rate limiter. It counts the track events of this container in sliding windows: no period of the window's length
 * ever contains more events than the limit, whichever kind of window Heap uses. An event counts from when it is sent until
 * one window after the answer, since it may have reached Heap at any time in between.
 *
 * The first half of an app's limit may be used at once. The second half is spread over time. Otherwise a container that
 * used up its limit within a few seconds would have to wait for the rest of the minute.
 *
 * @param apps stores the state of each app; unused state is removed once per window
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

    requestSize(appId, count, now) {
      const isSpread = countIn(apps.get(appId)?.window ?? NOTHING, now) > perApp / 2;
      if (!isSpread) return perApp;
      const most = Math.floor(perApp / Math.ceil(perApp / SPREAD_REQUEST));
      return Math.ceil(count / Math.max(1, Math.ceil(count / most)));
    },

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

/** Returns in how many ms the app's limit has room for `count` events, including the spreading over time. */
function waitForApp(usage: AppUsage, count: number, { perApp, windowMs }: RateLimits, now: number): number {
  dropExpired(usage.window, now);
  const wait = waitForRoom(usage.window, { count, limit: perApp, now, windowMs });
  const mustSpread = countIn(usage.window, now) + count > perApp / 2;
  return mustSpread ? Math.max(wait, usage.notBefore - now) : wait;
}

/** Returns in how many ms every identity has room for its events. */
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
  const ofApp: Charge = { count: total, until: Infinity };
  window.push(ofApp);
  const charges = [ofApp];
  for (const [identity, count] of counts) {
    const one: Charge = { count, until: Infinity };
    charges.push(one);
    const ofIdentity = identities.get(identity);
    if (ofIdentity === undefined) identities.set(identity, [one]);
    else ofIdentity.push(one);
  }
  return charges;
}

/** Removes expired state, so that memory does not grow with identities that never appear again. */
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

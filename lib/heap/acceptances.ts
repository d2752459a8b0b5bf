import { dropOldest } from '../drop-oldest.ts';
import type { HeapCallKind } from './api.ts';
import type { BulkRequest, Entry } from './bulk.ts';

/**
 * A point in the order of the answers of an endpoint: how many this container has received before. Unlike a time, it tells apart
 * what happens within one millisecond.
 */
export type Moment = number;

/** What one endpoint has accepted and refused of one app. Times are in ms since 1970. */
export interface Endpoint {
  /** The moment now. */
  moment: Moment;
  /** The latest moment at which a request was sent that was accepted. */
  acceptedSentAt: Moment;
  /** An accepted track event, and when that was. */
  control: { readonly entry: Entry; readonly at: number } | undefined;
  /**
   * When Heap has accepted an entry that it had refused, although it had accepted others in between. For some time, its refusals
   * say nothing about entries then.
   */
  contradictedAt: number;
  /** How many entries were refused alone since the last acceptance. */
  refusedInARow: number;
  /** Until when nothing is bisected, because Heap seems to refuse everything. */
  pausedUntil: number;
}

/** The endpoints of each app. They live as long as their container. */
export type Acceptances = (appId: string, kind: HeapCallKind) => Endpoint;

/** An acceptance or a contradiction counts for this long, in ms. */
const LATELY_MS = 10 * 60 * 1000;
/** A control is kept for this long, in ms. Retries rely on idempotency keys for longer. */
const CONTROL_MS = 60 * 60 * 1000;
/** No control is larger than this, in bytes: one is kept for each app. */
const CONTROL_BYTES = 4096;
/** After this many entries refused alone with nothing accepted in between, the cause is not in the entries. */
export const REFUSED_ALONE_AT_MOST = 8;
/** How long nothing is bisected when Heap seems to refuse everything, in ms. */
const PAUSE_MS = 30_000;
/** The capacity in endpoints of apps, since app ids may come from events. The one that was used the longest time ago is evicted first. */
const MOST_ENDPOINTS = 2000;

/**
 * Creates the record of acceptances. Heap answers 400 to a bad entry, but also to a wrong app id, and a proxy may answer 400 or
 * 422 to everything, from one moment to the next. So the refusal of an entry says something about the entry only if Heap accepts
 * another one of the same app and endpoint afterwards, and then refuses the entry again.
 *
 * @param endpoints stores the endpoints of each app
 */
export function createAcceptances(endpoints: Map<string, Endpoint> = new Map()): Acceptances {
  return (appId, kind) => {
    const key = `${kind} ${appId}`;
    const endpoint = endpoints.get(key) ?? nothingYet();
    // A map keeps the order of insertion, so the first key is the one that was used the longest time ago.
    endpoints.delete(key);
    endpoints.set(key, endpoint);
    dropOldest(endpoints, MOST_ENDPOINTS);
    return endpoint;
  };
}

function nothingYet(): Endpoint {
  return {
    moment: 0,
    acceptedSentAt: -1,
    control: undefined,
    contradictedAt: -Infinity,
    refusedInARow: 0,
    pausedUntil: 0,
  };
}

/** Records a request that Heap has accepted. `sentAt` is the moment at which it was sent. */
export function noteAccepted(endpoint: Endpoint, request: BulkRequest, sentAt: Moment, now: number): void {
  endpoint.moment += 1;
  endpoint.acceptedSentAt = Math.max(endpoint.acceptedSentAt, sentAt);
  endpoint.refusedInARow = 0;
  endpoint.pausedUntil = 0;
  const {
    kind,
    entries: [entry],
  } = request;
  if (kind !== 'track' || entry === undefined || entry.bytes > CONTROL_BYTES) return;
  // A control that was sent again is as old as before. One does not keep its event in memory.
  if (entry.calls.length > 0) endpoint.control = { entry: { ...entry, calls: [] }, at: now };
}

/** Whether Heap has accepted a request that was sent after this moment. */
export function hasAcceptedSince({ acceptedSentAt }: Endpoint, moment: Moment): boolean {
  return acceptedSentAt >= moment;
}

/** Whether something happened within the last ten minutes. */
export function wasLately(at: number, now: number): boolean {
  return now - at <= LATELY_MS;
}

/** Returns a track event that Heap has accepted within the last hour, and drops by its idempotency key when it comes again. */
export function controlOf({ control }: Endpoint, now: number): Entry | undefined {
  return control !== undefined && now - control.at <= CONTROL_MS ? control.entry : undefined;
}

/** Stops bisecting for 30 s, or until Heap accepts something. */
export function pause(endpoint: Endpoint, now: number): void {
  endpoint.pausedUntil = now + PAUSE_MS;
}

/** How much longer bisecting is stopped, in ms; 0 if it is not. */
export function pausedMs({ pausedUntil }: Endpoint, now: number): number {
  return Math.max(0, pausedUntil - now);
}

import { inBatches, type BatchLimits } from '../batches.ts';
import { ENDPOINTS, LIMITS, type HeapCall, type HeapCallKind } from './api.ts';

/** A call on its way to Heap. The object itself is the key by which its outcome is found. */
export interface PendingCall {
  readonly call: HeapCall;
  /** What stands in for the call's own time, in ms since 1970: when the event entered the queue. */
  readonly arrivedAt: number;
}

/**
 * One element of a bulk request. It may stand for several calls: user properties of one identity are merged, and the same
 * event twice in a batch is sent once.
 */
export interface Entry {
  readonly identity: string;
  /** At least one, earliest first. */
  readonly calls: readonly PendingCall[];
  readonly json: string;
  readonly bytes: number;
}

/** Entries of one app and kind: all of them, or those that one HTTP request carries. */
export interface BulkRequest {
  readonly kind: HeapCallKind;
  readonly appId: string;
  readonly entries: readonly Entry[];
}

/**
 * Heap names no limit for a request in bytes. One MiB is what common HTTP servers take unasked; a 413 bisects the request
 * all the same.
 */
export const BULK_LIMITS: BatchLimits = { items: LIMITS.entriesPerRequest, bytes: 1024 * 1024 };

/** Makes entries of calls, by app. An app's groups, one for each kind of call, come in the order in which they are sent. */
export function groupByApp(calls: readonly PendingCall[]): ReadonlyMap<string, readonly BulkRequest[]> {
  const byApp = Map.groupBy(calls, ({ call }) => call.appId);
  return new Map([...byApp].map(([appId, ofApp]) => [appId, groupByKind(appId, ofApp)]));
}

function groupByKind(appId: string, calls: readonly PendingCall[]): readonly BulkRequest[] {
  const byKind = [...Map.groupBy(calls, ({ call }) => call.kind)];
  return byKind
    .toSorted(([a], [b]) => ENDPOINTS[a].order - ENDPOINTS[b].order)
    .map(([kind, ofKind]) => {
      const entries = Array.from(Map.groupBy(ofKind, sameEntryKey).values(), makeEntry);
      return { kind, appId, entries };
    });
}

/** Parts a group into requests, in order; an entry that is larger than the limit goes alone, and Heap decides. */
export function toRequests(group: BulkRequest, limits: BatchLimits = BULK_LIMITS): readonly BulkRequest[] {
  const room = { ...limits, bytes: limits.bytes - Buffer.byteLength(bodyOf({ ...group, entries: [] })) };
  // Each entry but the last is followed by a comma.
  const batches = inBatches(group.entries, room, ({ bytes }) => bytes + 1);
  return Array.from(batches, (entries) => ({ ...group, entries }));
}

/** The request's body; entries are written once, however often they are sent. */
export function bodyOf({ kind, appId, entries }: BulkRequest): string {
  const list = entries.map(({ json }) => json).join(',');
  return `{"app_id":${JSON.stringify(appId)},"${ENDPOINTS[kind].list}":[${list}]}`;
}

/**
 * Two requests that carry the same as one. An entry that stands alone is split into the calls that it was made of, the
 * earlier first; undefined when there is nothing left to split.
 */
export function halve(request: BulkRequest): readonly [BulkRequest, BulkRequest] | undefined {
  const [only] = request.entries;
  if (only === undefined) return undefined;
  const parts =
    request.entries.length > 1 ? halves(request.entries) : halves(only.calls)?.map((calls) => [makeEntry(calls)]);
  const [first, second] = parts ?? [];
  if (first === undefined || second === undefined) return undefined;
  return [
    { ...request, entries: first },
    { ...request, entries: second },
  ];
}

function halves<Item>(items: readonly Item[]): readonly (readonly Item[])[] | undefined {
  if (items.length < 2) return undefined;
  const middle = Math.ceil(items.length / 2);
  return [items.slice(0, middle), items.slice(middle)];
}

/** Calls with the same key become one entry. */
function sameEntryKey({ call }: PendingCall): string {
  return call.kind === 'track' ? `${call.payload.identity}\n${call.payload.idempotency_key}` : call.payload.identity;
}

/** @param given in any order, one at least */
function makeEntry(given: readonly PendingCall[]): Entry {
  // Sorting and merging cost more than writing, and most entries stand for one call.
  const calls = given.length > 1 ? given.toSorted(byTime) : given;
  const [first] = calls;
  if (first === undefined) throw new Error('an entry is made of one call at least');
  const { identity } = first.call.payload;
  const isMerged = first.call.kind === 'add_user_properties' && calls.length > 1;
  const payload = isMerged
    ? { identity, properties: Object.assign({}, ...calls.map(({ call }) => call.payload.properties)) }
    : first.call.payload;
  const json = JSON.stringify(payload);
  return { identity, calls, json, bytes: Buffer.byteLength(json) };
}

/** Stable: calls of the same time keep the order of the batch. */
function byTime(a: PendingCall, b: PendingCall): number {
  return timeOf(a) - timeOf(b);
}

function timeOf({ call, arrivedAt }: PendingCall): number {
  const time = call.kind === 'add_user_properties' ? Date.parse(call.timestamp ?? '') : Number.NaN;
  return Number.isNaN(time) ? arrivedAt : time;
}

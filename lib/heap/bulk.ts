import { inBatches, type BatchLimits } from '../batches.ts';
import { ENDPOINTS, LIMITS, type HeapCall, type HeapCallKind } from './api.ts';

/** A call that is to be sent to Heap. Outcomes are reported in a map whose keys are these objects. */
export interface PendingCall {
  readonly call: HeapCall;
  /** When the event entered the queue, in ms since 1970. It is used if the call has no time of its own. */
  readonly arrivedAt: number;
}

/**
 * One element of a bulk request. It may represent several calls: user properties of one identity are merged, and duplicates
 * of an event are sent once.
 */
export interface Entry {
  readonly identity: string;
  /** At least one, earliest first. */
  readonly calls: readonly PendingCall[];
  readonly json: string;
  readonly bytes: number;
}

/** Entries of one app and kind: all of them, or the part that one HTTP request contains. */
export interface BulkRequest {
  readonly kind: HeapCallKind;
  readonly appId: string;
  readonly entries: readonly Entry[];
}

/**
 * The limits of one bulk request. Heap documents no limit in bytes. 1 MiB is a common default limit of HTTP servers. A
 * request that Heap refuses with 413 is bisected anyway.
 */
export const BULK_LIMITS: BatchLimits = { items: LIMITS.entriesPerRequest, bytes: 1024 * 1024 };

/** Groups calls by app and turns them into entries. An app has one group per kind of call, in the order of sending. */
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

/** Splits a group into requests, in order. An entry that exceeds the byte limit is sent alone, and Heap decides. */
export function toRequests(group: BulkRequest, limits: BatchLimits = BULK_LIMITS): readonly BulkRequest[] {
  const room = { ...limits, bytes: limits.bytes - Buffer.byteLength(bodyOf({ ...group, entries: [] })) };
  // Each entry but the last is followed by a comma.
  const batches = inBatches(group.entries, room, ({ bytes }) => bytes + 1);
  return Array.from(batches, (entries) => ({ ...group, entries }));
}

/** Returns the request's body. Each entry is serialized only once, in `makeEntry`, however often it is sent. */
export function bodyOf({ kind, appId, entries }: BulkRequest): string {
  const list = entries.map(({ json }) => json).join(',');
  return `{"app_id":${JSON.stringify(appId)},"${ENDPOINTS[kind].list}":[${list}]}`;
}

/**
 * Splits a request into two. A single entry is split into the calls that it represents, the earlier ones first.
 *
 * @returns undefined if there is nothing left to split
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

/** Calls with the same key are combined into one entry. */
function sameEntryKey({ call }: PendingCall): string {
  return call.kind === 'track' ? `${call.payload.identity}\n${call.payload.idempotency_key}` : call.payload.identity;
}

/** @param given at least one call, in any order */
function makeEntry(given: readonly PendingCall[]): Entry {
  // Most entries represent a single call, and skipping the sort and the merge is faster.
  const calls = given.length > 1 ? given.toSorted(byTime) : given;
  const [first] = calls;
  if (first === undefined) throw new Error('an entry needs at least one call');
  const { identity } = first.call.payload;
  const isMerged = first.call.kind === 'add_user_properties' && calls.length > 1;
  const payload = isMerged
    ? { identity, properties: Object.assign({}, ...calls.map(({ call }) => call.payload.properties)) }
    : first.call.payload;
  const json = JSON.stringify(payload);
  return { identity, calls, json, bytes: Buffer.byteLength(json) };
}

/** Calls with the same time keep the order of the batch, since sorting is stable. */
function byTime(a: PendingCall, b: PendingCall): number {
  return timeOf(a) - timeOf(b);
}

function timeOf({ call, arrivedAt }: PendingCall): number {
  const time = call.kind === 'add_user_properties' ? Date.parse(call.timestamp ?? '') : Number.NaN;
  return Number.isNaN(time) ? arrivedAt : time;
}

import { inBatches, type BatchLimits } from '../batches.ts';
import type { Findings, Outcome } from '../outcome.ts';
import { ENDPOINTS, LIMITS, subjectOf, type HeapCall, type HeapCallKind, type HeapProperties } from './api.ts';

/** A call that is to be sent to Heap, and gets its outcome when that is known. */
export interface PendingCall extends Findings {
  readonly call: HeapCall;
  /** When the event entered the queue, in ms since 1970. It is used if the call has no time of its own. */
  readonly arrivedAt: number;
  outcome?: Outcome;
}

/**
 * One element of a bulk request. It may represent several calls: user properties of one user or account are merged, and events that
 * are identical are sent once.
 */
export interface Entry {
  /** Whom it is about, see `subjectOf`. Heap's rate limits count events by it. */
  readonly identity: string;
  /** At least one, earliest first. */
  readonly calls: readonly PendingCall[];
  readonly json: string;
  readonly bytes: number;
  /** The smallest `mostEntries` of the calls; Infinity if none has one. */
  readonly mostEntries: number;
  /** Later properties of the same user or account, whose entry was refused. They must not overtake this one. */
  readonly later: readonly Entry[];
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
    .map(([kind, ofKind]) => ({
      kind,
      appId,
      entries: kind === 'track' ? eventEntries(ofKind) : propertyEntries(ofKind),
    }));
}

/** One entry for each user or account. What bisecting an earlier one has found out is kept: then each part is an entry. */
function propertyEntries(calls: readonly PendingCall[]): readonly Entry[] {
  return Array.from(Map.groupBy(calls, ({ call }) => subjectOf(call)).values(), (ofSubject) => {
    const parts = ofSubject.some(({ mostCalls }) => mostCalls) ? partsOf(ofSubject) : [];
    const [first = makeEntry(ofSubject), ...later] = parts;
    return inFront(first, later);
  });
}

/** An entry with the later ones of its user or account behind it. It is sent alone then. */
function inFront(first: Entry, later: readonly Entry[]): Entry {
  return later.length === 0 ? first : { ...first, mostEntries: 1, later };
}

/** Calls that follow each other and may be merged with as many others. */
function partsOf(calls: readonly PendingCall[]): readonly Entry[] {
  const parts: PendingCall[][] = [];
  for (const call of calls.toSorted(byTime)) {
    const part = parts.at(-1);
    const { mostCalls = Infinity } = call;
    if (part !== undefined && part.length < mostCalls && part[0]?.mostCalls === call.mostCalls) part.push(call);
    else parts.push([call]);
  }
  return parts.map(makeEntry);
}

/** The later properties of the user or account that a request is about, the next one first. */
export function laterRequests(request: BulkRequest): readonly BulkRequest[] {
  return request.entries.flatMap(({ later }) => later.map((entry) => ({ ...request, entries: [entry] })));
}

/** The request with the next properties of the same user or account, which has the rest behind it. */
export function nextRequest(request: BulkRequest): BulkRequest | undefined {
  const [next, ...later] = request.entries[0]?.later ?? [];
  return next && { ...request, entries: [inFront(next, later)] };
}

/**
 * One entry for each event. Events with the same idempotency key are usually the same event, delivered twice by SQS. They
 * share an entry only if they are identical, because otherwise it is Heap that decides which one counts.
 */
function eventEntries(calls: readonly PendingCall[]): readonly Entry[] {
  const entries: Entry[] = [];
  for (const sameKey of Map.groupBy(calls, keyOf).values()) {
    if (sameKey.length === 1) {
      entries.push(makeEntry(sameKey));
      continue;
    }
    for (const same of Map.groupBy(sameKey, ({ call }) => JSON.stringify(call.payload)).values()) {
      entries.push(makeEntry(same));
    }
  }
  return entries;
}

function keyOf({ call }: PendingCall): string {
  return call.kind === 'track' ? call.payload.idempotency_key : subjectOf(call);
}

/**
 * Splits a group into requests, in order. Entries that need smaller requests come last, so that they delay nothing. An entry
 * that exceeds the byte limit is sent alone, and Heap decides.
 */
export function toRequests(group: BulkRequest, limits: BatchLimits = BULK_LIMITS): readonly BulkRequest[] {
  const bytes = limits.bytes - bodyBytesOf({ ...group, entries: [] });
  const bySize = [...Map.groupBy(group.entries, ({ mostEntries }) => mostEntries)].toSorted(([a], [b]) =>
    a < b ? 1 : -1,
  );
  return bySize.flatMap(([mostEntries, ofSize]) => {
    const room = { bytes, items: Math.min(limits.items, mostEntries) };
    // Each entry but the last is followed by a comma.
    const batches = inBatches(ofSize, room, (entry) => entry.bytes + 1);
    return Array.from(batches, (entries) => ({ ...group, entries }));
  });
}

/** The beginning of the request's body, before its entries. */
function headOf({ kind, appId }: Omit<BulkRequest, 'entries'>): string {
  return `{"app_id":${JSON.stringify(appId)},"${ENDPOINTS[kind].list}":[`;
}

const TAIL = ']}';
const COMMA = 0x2c;

/** The length of the request's body in bytes. */
export function bodyBytesOf(request: BulkRequest): number {
  const commas = Math.max(0, request.entries.length - 1);
  return request.entries.reduce(
    (sum, { bytes }) => sum + bytes,
    Buffer.byteLength(headOf(request)) + commas + TAIL.length,
  );
}

/**
 * Writes the request's body to the beginning of a buffer. Each entry is serialized only once, in `makeEntry`, however often it
 * is sent. A buffer can be kept. As one text, the body would be a large object to V8, whose memory is asked from the operating
 * system and returned to it every time, which takes longer than writing it.
 *
 * @param buffer of `bodyBytesOf(request)` bytes or more
 * @returns the part with the body
 */
export function writeBody(request: BulkRequest, buffer: Buffer): Buffer {
  let end = buffer.write(headOf(request));
  for (const [index, { json }] of request.entries.entries()) {
    if (index > 0) {
      buffer[end] = COMMA;
      end += 1;
    }
    end += buffer.write(json, end);
  }
  end += buffer.write(TAIL, end);
  return buffer.subarray(0, end);
}

/**
 * Splits a request into two. A single entry of properties is split into the calls that it represents, the earlier ones
 * first. The calls of an event are identical, so Heap's answer to each of them would be the same.
 *
 * @returns undefined if there is nothing left to split
 */
export function halve(request: BulkRequest): readonly [BulkRequest, BulkRequest] | undefined {
  const [only] = request.entries;
  if (only === undefined) return undefined;
  const parts = request.entries.length > 1 ? halves(request.entries) : halvesOf(request.kind, only);
  const [first, second] = parts ?? [];
  if (first === undefined || second === undefined) return undefined;
  return [
    { ...request, entries: first },
    { ...request, entries: second },
  ];
}

/** Whether a request cannot be split any further, without the work of splitting it. */
export function isSingle({ kind, entries }: BulkRequest): boolean {
  const [only, ...more] = entries.slice(0, 2);
  return only !== undefined && more.length === 0 && (kind === 'track' || only.calls.length === 1);
}

function halvesOf(kind: HeapCallKind, { calls }: Entry): readonly (readonly Entry[])[] | undefined {
  return kind === 'track' ? undefined : halves(calls)?.map((ofPart) => [makeEntry(ofPart)]);
}

function halves<Item>(items: readonly Item[]): readonly (readonly Item[])[] | undefined {
  if (items.length < 2) return undefined;
  const middle = Math.ceil(items.length / 2);
  return [items.slice(0, middle), items.slice(middle)];
}

/** @param given at least one call, in any order */
function makeEntry(given: readonly PendingCall[]): Entry {
  // Most entries represent a single call, and skipping the sort and the merge is faster.
  const calls = given.length > 1 ? given.toSorted(byTime) : given;
  const [first] = calls;
  if (first === undefined) throw new Error('an entry needs at least one call');
  const identity = subjectOf(first.call);
  const { kind, payload } = first.call;
  const isMerged = kind !== 'track' && calls.length > 1;
  const json = JSON.stringify(isMerged ? { ...payload, properties: mergeProperties(calls) } : payload);
  return { identity, calls, json, bytes: Buffer.byteLength(json), mostEntries: mostEntriesOf(calls), later: [] };
}

/** The properties of all calls; of the same property the last one counts. Not a spread, which fails for very many calls. */
function mergeProperties(calls: readonly PendingCall[]): HeapProperties {
  const merged: HeapProperties = {};
  for (const { call } of calls) Object.assign(merged, call.payload.properties);
  return merged;
}

function mostEntriesOf(calls: readonly PendingCall[]): number {
  return calls.reduce((least, { mostEntries = Infinity }) => Math.min(least, mostEntries), Infinity);
}

/** Calls with the same time keep the order of the batch, since sorting is stable. */
function byTime(a: PendingCall, b: PendingCall): number {
  return timeOf(a) - timeOf(b);
}

function timeOf({ call, arrivedAt }: PendingCall): number {
  const time = call.kind === 'track' ? Number.NaN : Date.parse(call.timestamp ?? '');
  return Number.isNaN(time) ? arrivedAt : time;
}

import { isDeepStrictEqual } from 'node:util';
import type { Message } from '@aws-sdk/client-sqs';
import { createCauses, type Cause, type FilePlace } from '../cli/causes.ts';
import type { Settings } from '../lib/rudderstack/settings.ts';
import { subjectOf, type HeapCall, type HeapEvent, type HeapProperties } from '../lib/heap/api.ts';
import { decide } from '../lib/mapping/decide.ts';
import { endOf, type Mapped } from '../lib/mapping/mapped.ts';
import { isObject } from '../lib/json.ts';
import { unwrap } from '../lib/rudderstack/envelope.ts';
import type { TransformEvent } from '../lib/transformation/transform-event.ts';
import type { HeapContents } from './heap-simulator/heap.ts';

/**
 * The expected outcome of every event in the queue. It is computed from the message bodies, with the function's own
 * mapping, and then compared with the actual contents of Heap and the dead-letter queue.
 */
export interface Ledger {
  /**
   * @param arrivedAtMs when the body arrives in the queue, in ms since 1970
   * @param place where the body stands in a file, to say so of events that are filtered or rejected
   */
  add(body: string, arrivedAtMs?: number, place?: FilePlace): void;
  readonly counts: ExpectedCounts;
  /** Why events with a place are filtered or rejected. */
  readonly causes: () => readonly Cause[];
  /** Every difference between the expected and the actual contents of Heap, one line each. */
  differences(contents: HeapContents, deadLetters: readonly Message[]): readonly string[];
}

export interface ExpectedCounts {
  events: number;
  toDeliver: number;
  filtered: number;
  rejected: number;
}

export function createLedger(settings: Settings, transformEvent?: TransformEvent): Ledger {
  const counts: ExpectedCounts = { events: 0, toDeliver: 0, filtered: 0, rejected: 0 };
  /** By app and idempotency key. Events with the same key may differ; Heap keeps the first one that it gets. */
  const tracks = new Map<string, HeapEvent[]>();
  /** Of users and accounts, by app and id. */
  const properties = new Map<string, HeapProperties[]>();

  const causes = createCauses();

  return {
    counts,
    causes: causes.list,
    add(body, arrivedAtMs, place) {
      for (const decision of decisionsFor(body, settings, transformEvent, arrivedAtMs)) {
        counts.events += 1;
        const end = endOf(decision);
        if (end.kind === 'mapped') {
          counts.toDeliver += 1;
        } else {
          counts[end.kind] += 1;
          const detail = end.kind === 'rejected' ? end.detail : '';
          if (place !== undefined) causes.note({ fate: end.kind, reason: end.reason, detail }, place);
        }
        for (const call of decision.kind === 'mapped' ? callsOf(decision) : []) {
          if (call.kind === 'track') append(tracks, keyOfCall(call), call.payload);
          else append(properties, keyOfCall(call), call.payload.properties);
        }
      }
    },
    differences(contents, deadLetters) {
      const deadLettered = new Set(
        deadLetters.flatMap(({ Body = '' }) => callsIn(Body, settings, transformEvent).map(keyOfCall)),
      );
      return [
        ...compareEvents(tracks, contents, deadLettered),
        ...compareProperties(properties, contents, deadLettered),
      ];
    },
  };
}

function decisionsFor(
  body: string,
  settings: Settings,
  transformEvent: TransformEvent | undefined,
  arrivedAtMs?: number,
): ReturnType<typeof decide>[] {
  return unwrap(body).map((enveloped) =>
    enveloped.kind === 'event' ? decide(enveloped.event, settings, arrivedAtMs, transformEvent) : enveloped.rejection,
  );
}

function callsIn(body: string, settings: Settings, transformEvent: TransformEvent | undefined): HeapCall[] {
  return decisionsFor(body, settings, transformEvent).flatMap((decision) =>
    decision.kind === 'mapped' ? callsOf(decision) : [],
  );
}

function callsOf({ call, also }: Mapped): HeapCall[] {
  return [call, ...(also ?? [])];
}

/** JSON has no member without a value. */
function asWritten({ timestamp, ...event }: HeapEvent): object {
  return timestamp === undefined ? event : { ...event, timestamp };
}

function compareEvents(
  expected: ReadonlyMap<string, readonly HeapEvent[]>,
  { events }: HeapContents,
  deadLettered: ReadonlySet<string>,
): string[] {
  const problems: string[] = [];
  const seen = new Set<string>();
  for (const { app_id: appId, ...event } of events) {
    const key = eventKey(String(appId), String(event['idempotency_key']));
    seen.add(key);
    const candidates = expected.get(key);
    if (candidates === undefined) problems.push(`Heap holds an ${key} that was not sent`);
    else if (!candidates.some((candidate) => isDeepStrictEqual(asWritten(candidate), event)))
      problems.push(`Heap holds different contents of the ${key}`);
  }
  for (const key of expected.keys()) {
    if (!seen.has(key) && !deadLettered.has(key)) problems.push(`Heap lacks the ${key}`);
  }
  return problems;
}

/** Batching decides which of several identify or group events comes last, so each property may have any of the values sent. */
function compareProperties(
  expected: ReadonlyMap<string, readonly HeapProperties[]>,
  { users, accounts }: HeapContents,
  deadLettered: ReadonlySet<string>,
): string[] {
  const problems: string[] = [];
  const seen = new Set<string>();
  const inHeap = [
    ...users.map(({ appId, identity, properties }) => ({ key: userKey(appId, identity), properties })),
    ...accounts.map(({ appId, accountId, properties }) => ({ key: accountKey(appId, accountId), properties })),
  ];
  for (const { key, properties } of inHeap) {
    seen.add(key);
    const candidates = expected.get(key) ?? [];
    const names = new Set(candidates.flatMap((candidate) => Object.keys(candidate)));
    const isComplete = deadLettered.has(key) || isDeepStrictEqual(new Set(Object.keys(properties)), names);
    const areSent = Object.entries(properties).every(([name, value]) =>
      candidates.some((candidate) => candidate[name] === value),
    );
    if (!isComplete || !areSent) problems.push(`Heap holds different properties of the ${key}`);
  }
  for (const key of expected.keys()) {
    if (!seen.has(key) && !deadLettered.has(key)) problems.push(`Heap lacks the ${key}`);
  }
  return problems;
}

/** Counts of events that the function has reported in its metrics, by reason where there is one. */
export interface ReportedCounts {
  delivered: number;
  filtered: Record<string, number>;
  deadLettered: Record<string, number>;
  deferred: Record<string, number>;
}

export function noneReported(): ReportedCounts {
  return { delivered: 0, filtered: {}, deadLettered: {}, deferred: {} };
}

/** Adds the counts in a line of the function's log, if the line is a metric in embedded metric format. */
export function readMetricLine(line: string, reported: ReportedCounts): void {
  if (!line.startsWith('{"_aws"')) return;
  const metric: unknown = JSON.parse(line);
  if (!isObject(metric)) return;
  const { reason, EventsDelivered: delivered } = metric;
  if (typeof delivered === 'number') reported.delivered += delivered;
  if (typeof reason !== 'string') return;
  addTo(reported.filtered, reason, metric['EventsFiltered']);
  addTo(reported.deadLettered, reason, metric['EventsDeadLettered']);
  addTo(reported.deferred, reason, metric['EventsDeferred']);
}

/** The sum of the counts of all reasons. */
export function total(counts: Readonly<Record<string, number>>): number {
  return Object.values(counts).reduce((sum, count) => sum + count, 0);
}

function addTo(counts: Record<string, number>, reason: string, count: unknown): void {
  if (typeof count === 'number') counts[reason] = (counts[reason] ?? 0) + count;
}

/** Events are known by their idempotency key, users and accounts by their ids. */
function keyOfCall(call: HeapCall): string {
  if (call.kind === 'track') return eventKey(call.appId, call.payload.idempotency_key);
  return (call.kind === 'add_user_properties' ? userKey : accountKey)(call.appId, subjectOf(call));
}

function eventKey(appId: string, idempotencyKey: string): string {
  return `event ${appId}/${idempotencyKey}`;
}

function userKey(appId: string, identity: string): string {
  return `user ${appId}/${identity}`;
}

function accountKey(appId: string, accountId: string): string {
  return `account ${appId}/${accountId}`;
}

function append<Value>(map: Map<string, Value[]>, key: string, value: Value): void {
  const list = map.get(key);
  if (list === undefined) map.set(key, [value]);
  else list.push(value);
}

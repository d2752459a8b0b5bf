import type { SQSRecord } from 'aws-lambda';
import type { Clock } from '../clock.ts';
import type { HeapCall } from '../heap/api.ts';
import type { PendingCall } from '../heap/bulk.ts';
import type { Cuts } from '../mapping/flatten.ts';
import type { Mapped, Outputs } from '../mapping/mapped.ts';
import {
  deferred,
  rejected,
  type Deferred,
  type Filtered,
  type FindingsOfCall,
  type Outcome,
  type Rejected,
} from '../outcome.ts';
import { unwrapMeasured, type Enveloped } from '../rudderstack/envelope.ts';
import type { RudderStackEvent } from '../rudderstack/event.ts';
import { isFifo } from '../sqs/fifo.ts';
import { sentAt } from '../sqs/record.ts';
import { INVOCATION_LIMITS, RECORD_LIMITS } from '../work-limits.ts';
import type { Listener } from './listener.ts';
import type { OutcomeCache } from './outcome-cache.ts';
import type { ProcessedEvent, ProcessedRecord } from './processed-record.ts';

/** What `prepare` uses. */
export interface PrepareDependencies {
  /** Filters, rejects or maps an event, without a request to Heap. */
  readonly decide: (event: RudderStackEvent, arrivedAtMs: number) => Mapped | Filtered | Rejected;
  /** Whether a transformation may make another type of an event. */
  readonly isTransforming?: boolean;
  readonly outcomeCache: Pick<OutcomeCache, 'recall' | 'findings'>;
  readonly clock: Clock;
  readonly listener: Pick<Listener, 'onProblem'>;
}

/** An event that is to be sent to Heap. It is an `INTERNAL_ERROR` until delivering has given it its outcome. */
export interface PendingEvent extends PendingCall, ProcessedEvent {
  outcome: Outcome;
  /** The other calls of an event that makes several. */
  readonly also: readonly PendingCall[] | undefined;
  readonly outputs: Outputs | undefined;
  readonly cuts: Cuts;
  readonly characters: number;
}

export type PreparedEvent = ProcessedEvent | PendingEvent;

/** A record and its events. */
export interface PreparedRecord extends ProcessedRecord {
  events: readonly PreparedEvent[];
}

/** How much may still be unpacked, read and mapped. */
interface Room {
  characters: number;
  events: number;
  flatCharacters: number;
}

/** The outcome of everything that could not be foreseen. */
export const INTERNAL_ERROR = deferred('internal_error', 'unexpected error, see the log');

/** More than Lambda's largest batch (6 MB). A record's share of the room is that of its body in this. */
const BATCH_CHARACTERS = 8 * 1024 * 1024;
/** How many shares a record gets in the first rounds. A body that was compressed usually needs more than one. */
const SHARES_OF_ROUNDS = [1, 8] as const;
/** Records with more events than one request to Heap holds are sent after the others. */
const MANY_EVENTS = 1000;
const LONGEST_WAIT_S = 60;

/**
 * Unwraps records and decides each of their events, without a request to Heap. What may be unpacked, read and mapped in one
 * invocation is bounded. So that no record takes the room of another, each first gets a share by the length of its body,
 * which all of them together cannot exceed. The records that need more follow in a second round, and the oldest of the rest
 * in a third, where the first always finds room. What then remains is deferred as `no_room`.
 *
 * @returns the records in their order, and the events to send in the order of sending: the records of a standard queue with
 *   many events come last
 */
export function prepare(
  records: readonly SQSRecord[],
  dependencies: PrepareDependencies,
): { readonly prepared: readonly PreparedRecord[]; readonly pending: readonly PendingEvent[] } {
  const prepared = records.map((record): PreparedRecord => ({ record, events: [] }));
  let waiting: readonly PreparedRecord[] = prepared;
  const left: Room = { ...INVOCATION_LIMITS };
  /** Where the room is less than a record is known to need, its events are not mapped again: a transformation may take long. */
  const results = new Map<PreparedRecord, Result>();
  const prepareIn = (one: PreparedRecord, room: Room): Result => {
    let result = results.get(one);
    if (!result || result.cost.flatCharacters <= room.flatCharacters) {
      result = prepareRecord(one.record, room, dependencies);
      results.set(one, result);
    }
    return result;
  };
  for (const shares of SHARES_OF_ROUNDS) {
    waiting = waiting.filter((one) => {
      const result = prepareIn(one, shareOf(left, one.record, shares));
      if (result.kind === 'no_room') return true;
      charge(left, result.cost);
      one.events = result.events;
      return false;
    });
  }
  let withoutRoom = 0;
  const now = dependencies.clock.now();
  for (const [place, one] of waiting.toSorted((a, b) => sentAt(a.record, now) - sentAt(b.record, now)).entries()) {
    const result = prepareIn(one, place === 0 ? RECORD_LIMITS : least(left, RECORD_LIMITS));
    charge(left, result.cost);
    if (result.kind === 'no_room') withoutRoom += 1;
    one.events = result.kind === 'no_room' ? [wholeRecord(one.record, noRoom(withoutRoom))] : result.events;
  }
  return { prepared, pending: pendingOf(prepared) };
}

type Result = (
  | { readonly kind: 'prepared'; readonly events: readonly PreparedEvent[] }
  | { readonly kind: 'no_room' }
) & { readonly cost: Room };

/** Unwraps one record and decides its events, within `room`. */
function prepareRecord(record: SQSRecord, room: Room, dependencies: PrepareDependencies): Result {
  try {
    const reading = unwrapMeasured(record.body, room);
    const { characters, events: elements } = reading.cost;
    const cost = { characters, events: elements, flatCharacters: 0 };
    if (reading.kind === 'no_room') return { kind: 'no_room', cost };
    const arrivedAt = sentAt(record, dependencies.clock.now());
    const events: PreparedEvent[] = [];
    for (const enveloped of reading.events) {
      const event = decideEvent(record, enveloped, { part: events.length, arrivedAt }, dependencies);
      events.push(event);
      if (isPending(event)) cost.flatCharacters += event.characters;
      if (cost.flatCharacters > RECORD_LIMITS.flatCharacters) {
        return { kind: 'prepared', events: [wholeRecord(record, TOO_LARGE_FLAT)], cost };
      }
      if (cost.flatCharacters > room.flatCharacters) return { kind: 'no_room', cost };
    }
    // A list that has grown keeps room for more. This one stays until the end.
    return { kind: 'prepared', events: events.slice(), cost };
  } catch (error) {
    dependencies.listener.onProblem('internal_error', error);
    const cost = { characters: record.body.length, events: 1, flatCharacters: 0 };
    return { kind: 'prepared', events: [wholeRecord(record, INTERNAL_ERROR)], cost };
  }
}

function decideEvent(
  { messageId: recordId }: SQSRecord,
  enveloped: Enveloped,
  { part, arrivedAt }: { readonly part: number; readonly arrivedAt: number },
  { decide, outcomeCache, isTransforming }: PrepareDependencies,
): PreparedEvent {
  const { text } = enveloped;
  if (enveloped.kind === 'rejected') return withoutEvent(enveloped.rejection, text);
  const { messageId, type } = enveloped.event;
  const eventMessageId = typeof messageId === 'string' ? messageId : undefined;
  const isTrack = !isTransforming && (type === 'track' || type === 'page' || type === 'screen');
  const decision = outcomeCache.recall(recordId, part) ?? decide(enveloped.event, arrivedAt);
  if (decision.kind !== 'mapped') return { outcome: decision, text, eventMessageId, isTrack };
  const { call, outputs, cuts, characters } = decision;
  const { mostEntries, mostCalls, refusedAloneAt, calls } = outcomeCache.findings(recordId, part);
  const also = decision.also && otherCalls(decision.also, calls, arrivedAt);
  return {
    outcome: calls?.[0]?.outcome ?? INTERNAL_ERROR,
    text,
    eventMessageId,
    isTrack: isTrackCall(call) && (decision.also?.every(isTrackCall) ?? true),
    call,
    also,
    outputs,
    arrivedAt,
    mostEntries,
    mostCalls,
    refusedAloneAt,
    cuts,
    characters,
  };
}

function isTrackCall({ kind }: HeapCall): boolean {
  return kind === 'track';
}

/** Not in `decideEvent`, which would need a closure for every event. */
function otherCalls(
  given: readonly HeapCall[],
  findings: readonly FindingsOfCall[] | undefined,
  arrivedAt: number,
): readonly PendingCall[] {
  return given.map((call, index) => ({ call, arrivedAt, outcome: INTERNAL_ERROR, ...findings?.[index + 1] }));
}

const TOO_LARGE_FLAT = rejected(
  'too_large',
  `the events of the record are mapped to more than ${RECORD_LIMITS.flatCharacters} characters`,
);

/** The further back a record stands, the later it returns, so that few receives are used up by waiting. */
function noRoom(place: number): Deferred {
  const detail = 'the record is large, and others have used up what one invocation may take';
  return deferred('no_room', detail, { retryAfterMs: Math.min(place, LONGEST_WAIT_S) * 1000 });
}

function wholeRecord({ body }: SQSRecord, outcome: Outcome): ProcessedEvent {
  return withoutEvent(outcome, () => body);
}

function withoutEvent(outcome: Outcome, text: () => string): ProcessedEvent {
  return { outcome, text, eventMessageId: undefined, isTrack: false };
}

function pendingOf(prepared: readonly PreparedRecord[]): readonly PendingEvent[] {
  // A FIFO queue keeps its order, whatever the records hold.
  const isLate = ({ record, events }: PreparedRecord): boolean =>
    events.length > MANY_EVENTS && !isFifo(record.eventSourceARN);
  const late = prepared.filter(isLate).toSorted((a, b) => a.events.length - b.events.length);
  const inOrder = late.length === 0 ? prepared : [...prepared.filter((one) => !isLate(one)), ...late];
  const pending: PendingEvent[] = [];
  for (const { events } of inOrder) for (const event of events) if (isPending(event)) pending.push(event);
  return pending;
}

function isPending(event: PreparedEvent): event is PendingEvent {
  return 'call' in event;
}

/** The share of a record by the length of its body, as far as so much is left. */
function shareOf(left: Room, { body }: SQSRecord, shares: number): Room {
  const share = (shares * body.length) / BATCH_CHARACTERS;
  return {
    characters: Math.min(left.characters, Math.ceil(INVOCATION_LIMITS.characters * share)),
    events: Math.min(left.events, Math.ceil(INVOCATION_LIMITS.events * share)),
    flatCharacters: Math.min(left.flatCharacters, Math.ceil(INVOCATION_LIMITS.flatCharacters * share)),
  };
}

function least(a: Room, b: Room): Room {
  return {
    characters: Math.min(a.characters, b.characters),
    events: Math.min(a.events, b.events),
    flatCharacters: Math.min(a.flatCharacters, b.flatCharacters),
  };
}

function charge(left: Room, cost: Room): void {
  left.characters -= cost.characters;
  left.events -= cost.events;
  left.flatCharacters -= cost.flatCharacters;
}

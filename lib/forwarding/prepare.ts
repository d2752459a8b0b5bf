import type { SQSRecord } from 'aws-lambda';
import type { Clock } from '../clock.ts';
import type { PendingCall } from '../heap/bulk.ts';
import type { Cuts } from '../mapping/flatten.ts';
import type { Mapped } from '../mapping/mapped.ts';
import { deferred, rejected, type Deferred, type Filtered, type Outcome, type Rejected } from '../outcome.ts';
import { unwrapMeasured, type Enveloped } from '../rudderstack/envelope.ts';
import type { RudderStackEvent } from '../rudderstack/event.ts';
import { isFifo } from '../sqs/fifo.ts';
import { sentAt } from '../sqs/record.ts';
import { WORK_LIMITS } from '../work-limits.ts';
import type { Listener } from './listener.ts';
import type { OutcomeCache } from './outcome-cache.ts';
import type { ProcessedEvent } from './processed-record.ts';

/** What `prepare` uses. */
export interface PrepareDependencies {
  /** Filters, rejects or maps an event, without a request to Heap. */
  readonly decide: (event: RudderStackEvent, arrivedAtMs: number) => Mapped | Filtered | Rejected;
  readonly outcomeCache: Pick<OutcomeCache, 'recall' | 'findings'>;
  readonly clock: Clock;
  readonly listener: Pick<Listener, 'onProblem'>;
}

/** An event that is to be sent to Heap. */
export interface Pending extends PendingCall {
  readonly kind: 'pending';
  readonly cuts: Cuts;
  readonly characters: number;
}

/** An event that is to be sent, or that has its outcome already. */
export interface PreparedEvent extends Omit<ProcessedEvent, 'outcome'> {
  readonly step: Pending | Outcome;
}

/** A record and its events. */
export interface PreparedRecord {
  readonly record: SQSRecord;
  readonly events: readonly PreparedEvent[];
}

/** How much may still be unpacked, read and mapped. */
interface Room {
  readonly characters: number;
  readonly events: number;
  readonly flatCharacters: number;
}

/** The outcome of everything that could not be foreseen. */
export const INTERNAL_ERROR = deferred('internal_error', 'unexpected error, see the log of the function');

const RECORD: Room = {
  characters: WORK_LIMITS.recordCharacters,
  events: WORK_LIMITS.recordEvents,
  flatCharacters: WORK_LIMITS.recordFlatCharacters,
};
const INVOCATION: Room = {
  characters: WORK_LIMITS.invocationCharacters,
  events: WORK_LIMITS.invocationEvents,
  flatCharacters: WORK_LIMITS.invocationFlatCharacters,
};

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
 * @returns the records in their order, and the calls in the order of sending: the records of a standard queue with many
 *   events come last
 */
export function prepare(
  records: readonly SQSRecord[],
  dependencies: PrepareDependencies,
): { readonly prepared: readonly PreparedRecord[]; readonly pending: readonly Pending[] } {
  const done = new Map<number, readonly PreparedEvent[]>();
  let left = INVOCATION;
  let waiting = [...records.entries()];
  for (const shares of SHARES_OF_ROUNDS) {
    waiting = waiting.filter(([index, record]) => {
      const result = prepareRecord(record, least(left, shareOf(record, shares)), dependencies);
      if (result.kind === 'no_room') return true;
      left = minus(left, result.cost);
      done.set(index, result.events);
      return false;
    });
  }
  let withoutRoom = 0;
  const now = dependencies.clock.now();
  for (const [place, [index, record]] of waiting
    .toSorted(([, a], [, b]) => sentAt(a, now) - sentAt(b, now))
    .entries()) {
    const result = prepareRecord(record, place === 0 ? RECORD : least(left, RECORD), dependencies);
    left = minus(left, result.cost);
    if (result.kind === 'no_room') withoutRoom += 1;
    done.set(index, result.kind === 'no_room' ? [wholeRecord(record, noRoom(withoutRoom))] : result.events);
  }
  const prepared = records.map((record, index) => ({ record, events: done.get(index) ?? [] }));
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
      if (event.step.kind === 'pending') cost.flatCharacters += event.step.characters;
      if (cost.flatCharacters > RECORD.flatCharacters) {
        return { kind: 'prepared', events: [wholeRecord(record, TOO_LARGE_FLAT)], cost };
      }
      if (cost.flatCharacters > room.flatCharacters) return { kind: 'no_room', cost };
    }
    return { kind: 'prepared', events, cost };
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
  { decide, outcomeCache }: PrepareDependencies,
): PreparedEvent {
  const { text } = enveloped;
  if (enveloped.kind === 'rejected') return withoutEvent(enveloped.rejection, text);
  const { messageId, type } = enveloped.event;
  const eventMessageId = typeof messageId === 'string' ? messageId : undefined;
  const prepared = (step: PreparedEvent['step']): PreparedEvent => ({
    step,
    text,
    eventMessageId,
    isTrack: type === 'track',
  });
  const known = outcomeCache.recall(recordId, part);
  if (known !== undefined) return prepared(known);
  const decision = decide(enveloped.event, arrivedAt);
  if (decision.kind !== 'mapped') return prepared(decision);
  return prepared({ ...decision, kind: 'pending', arrivedAt, ...outcomeCache.findings(recordId, part) });
}

const TOO_LARGE_FLAT = rejected(
  'too_large',
  `the events of the record are mapped to more than ${WORK_LIMITS.recordFlatCharacters} characters`,
);

/** The further back a record stands, the later it returns, so that few receives are used up by waiting. */
function noRoom(place: number): Deferred {
  const detail = 'the record is large, and others have used up what one invocation may take';
  return deferred('no_room', detail, { retryAfterMs: Math.min(place, LONGEST_WAIT_S) * 1000 });
}

function wholeRecord({ body }: SQSRecord, step: Outcome): PreparedEvent {
  return withoutEvent(step, () => body);
}

function withoutEvent(step: Outcome, text: () => string): PreparedEvent {
  return { step, text, eventMessageId: undefined, isTrack: false };
}

function pendingOf(prepared: readonly PreparedRecord[]): readonly Pending[] {
  // A FIFO queue keeps its order, whatever the records hold.
  const isLate = ({ record, events }: PreparedRecord): boolean =>
    events.length > MANY_EVENTS && !isFifo(record.eventSourceARN);
  const late = prepared.filter(isLate).toSorted((a, b) => a.events.length - b.events.length);
  const inOrder = late.length === 0 ? prepared : [...prepared.filter((one) => !isLate(one)), ...late];
  const pending: Pending[] = [];
  for (const { events } of inOrder) for (const { step } of events) if (step.kind === 'pending') pending.push(step);
  return pending;
}

function shareOf({ body }: SQSRecord, shares: number): Room {
  const share = (shares * body.length) / BATCH_CHARACTERS;
  return combine(INVOCATION, INVOCATION, (whole) => Math.ceil(whole * share));
}

function least(a: Room, b: Room): Room {
  return combine(a, b, Math.min);
}

function minus(room: Room, cost: Room): Room {
  return combine(room, cost, (a, b) => a - b);
}

function combine(a: Room, b: Room, of: (a: number, b: number) => number): Room {
  return {
    characters: of(a.characters, b.characters),
    events: of(a.events, b.events),
    flatCharacters: of(a.flatCharacters, b.flatCharacters),
  };
}

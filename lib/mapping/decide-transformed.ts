import type { HeapCall } from '../heap/api.ts';
import type { Filtered, Rejected, RejectReason } from '../outcome.ts';
import type { RudderStackEvent } from '../rudderstack/event.ts';
import type { Settings } from '../rudderstack/settings.ts';
import { OUTPUT_LIMITS } from '../transformation/limits.ts';
import { runTransformation, type Transformed } from '../transformation/run.ts';
import type { TransformEvent } from '../transformation/transform-event.ts';
import type { Cuts } from './flatten.ts';
import type { Mapped } from './mapped.ts';
import type { Tools } from './tools.ts';

type KeySettings = Pick<Settings, 'idempotencyKey'>;
type Decision = Mapped | Filtered | Rejected;

/** What a transformation has made of an event, and what is decided of each of its events. */
export interface TransformedDecision {
  readonly transformed: Transformed;
  readonly decisions: readonly Decision[];
  /** Of the event as a whole. */
  readonly decision: Decision;
}

/** A call that has not come about: fewer than the shortest would have. It bounds the calls of a record. */
const LEAST_CHARACTERS = 256;

/**
 * Runs a transformation on an event, and decides what it returns like any other event. The event stays one: it is filtered if all of
 * its events are, and rejected if one of them is, which does not keep the others from being sent.
 *
 * @param event the transformation may change it
 * @param decideOne decides an event without a transformation
 */
export function decideTransformed(
  transformEvent: TransformEvent,
  event: RudderStackEvent,
  settings: KeySettings,
  decideOne: (event: RudderStackEvent) => Decision,
  tools: Tools,
): TransformedDecision {
  const keyOf = createKeys(event, settings, tools);
  const transformed = runTransformation(transformEvent, event, tools);
  if (transformed.kind !== 'transformed') return { transformed, decisions: [], decision: transformed };
  const decisions = transformed.events.map((one, index) =>
    withKey(withoutRest(decideChecked(one, decideOne)), keyOf(one, index + 1)),
  );
  const [only] = decisions;
  const isOne = only !== undefined && decisions.length === 1;
  return { transformed, decisions, decision: isOne ? only : joinDecisions(decisions) };
}

function decideChecked(event: RudderStackEvent, decideOne: (event: RudderStackEvent) => Decision): Decision {
  if (!Object.hasOwn(event, '__proto__')) return decideOne(event);
  return rejected('forbidden_key', 'the event has a key named __proto__, which is never passed on');
}

/** Makes a key from the one that the mapping of a returned event has given it. */
type ToKey = (mapped: string) => string;

/**
 * Returns the idempotency keys of the events that a transformation returns. They come from the event as it came, so that they stay
 * the same if the transformation adds a time or a random number, and when another transformation is deployed while the event is on
 * its way. The second of a list gets `-2`, and so on: they have one `messageId`. A `messageId` or an `idempotencyKey` that the
 * transformation has set counts as in any event.
 *
 * @param event before the transformation
 */
function createKeys(
  event: RudderStackEvent,
  settings: KeySettings,
  { readIdempotencyKey, valueAt }: Tools,
): (returned: RudderStackEvent, place: number) => ToKey {
  const original = keyOfOriginal(() => readIdempotencyKey(event, settings.idempotencyKey));
  /** What of an event its key is made of, apart from its contents. An object is no id, and nobody knows what its text is. */
  const idsOf = (one: RudderStackEvent): string =>
    JSON.stringify([one.messageId, valueAt(one, ['properties', 'idempotencyKey'])].map(asId));
  const given = idsOf(event);
  const used = new Set<string>();
  return (returned, place) => {
    const isOwn = original === undefined || idsOf(returned) !== given;
    return (mapped) => {
      const key = isOwn ? mapped : original;
      const unique = place === 1 || (isOwn && !used.has(key)) ? key : `${key}-${place}`;
      used.add(unique);
      return unique;
    };
  };
}

function asId(value: unknown): string | undefined {
  return typeof value === 'string' || typeof value === 'number' ? String(value) : undefined;
}

/** @returns undefined if the event is nested too deeply for a key */
function keyOfOriginal(read: () => ReturnType<Tools['readIdempotencyKey']>): string | undefined {
  try {
    const key = read();
    return key.kind === 'key' ? key.key : undefined;
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

/**
 * A text that was cut is a view of the whole one, which would stay in memory with it. The events of a batch come from texts that are
 * bounded together; a transformation may make a long text in each of them.
 */
function withoutRest(decision: Decision): Decision {
  if (decision.kind !== 'mapped' || (decision.cuts.textsCut === 0 && decision.cuts.eventNamesCut === 0))
    return decision;
  const [call, ...also] = [decision.call, ...(decision.also ?? [])].map(withOwnTexts);
  return call === undefined ? decision : { ...decision, call, also: decision.also && also };
}

function withOwnTexts<T extends HeapCall>(call: T): T {
  return { ...call, payload: copyTexts(call.payload) };
}

function copyTexts<T extends object>(given: T): T {
  const entries = Object.entries(given).map(([name, value]: [string, unknown]) => {
    if (typeof value === 'string') return [name, Buffer.from(value, 'utf16le').toString('utf16le')];
    return [name, typeof value === 'object' && value !== null ? copyTexts(value) : value];
  });
  return Object.assign({}, given, Object.fromEntries(entries));
}

function withKey(decision: Decision, toKey: ToKey): Decision {
  if (decision.kind !== 'mapped') return decision;
  const { call } = decision;
  if (call.kind !== 'track') return decision;
  const payload = { ...call.payload, idempotency_key: toKey(call.payload.idempotency_key) };
  return { ...decision, call: { ...call, payload } };
}

/** @param decisions at least two */
function joinDecisions(decisions: readonly Decision[]): Decision {
  const calls: HeapCall[] = [];
  const ofCalls: number[] = [];
  let cuts: Cuts | undefined;
  let characters = 0;
  let rejection: Rejected | undefined;
  for (const [index, decision] of decisions.entries()) {
    if (decision.kind === 'filtered') continue;
    if (decision.kind === 'rejected') {
      rejection ??= ofOutput(decision, index + 1, decisions.length);
      continue;
    }
    for (const call of [decision.call, ...(decision.also ?? [])]) {
      calls.push(call);
      ofCalls.push(index + 1);
    }
    cuts = cuts === undefined ? decision.cuts : addCuts(cuts, decision.cuts);
    characters += Math.max(decision.characters, LEAST_CHARACTERS);
  }
  if (characters > OUTPUT_LIMITS.characters) {
    const detail = `the ${decisions.length} events of the transformation are mapped to more than ${OUTPUT_LIMITS.characters} characters`;
    return rejected('too_large', detail);
  }
  const [call, ...also] = calls;
  if (call !== undefined && cuts !== undefined) {
    const outputs = { count: decisions.length, ofCalls, rejection };
    return { kind: 'mapped', call, also, outputs, cuts, characters };
  }
  const [first] = decisions;
  return rejection ?? (first?.kind === 'filtered' ? first : rejected('transformation_failed', 'nothing is left of it'));
}

function rejected(reason: RejectReason, detail: string): Rejected {
  return { kind: 'rejected', reason, detail };
}

/** Says which of the events of a transformation it is about. */
function ofOutput(rejection: Rejected, place: number, count: number): Rejected {
  return { ...rejection, detail: `event ${place} of the ${count} of the transformation: ${rejection.detail}` };
}

function addCuts(a: Cuts, b: Cuts): Cuts {
  // Events of which nothing was cut share one object.
  if (a === b) return a;
  return {
    textsCut: a.textsCut + b.textsCut,
    keysDropped: a.keysDropped + b.keysDropped,
    reservedDropped: a.reservedDropped + b.reservedDropped,
    eventNamesCut: a.eventNamesCut + b.eventNamesCut,
    namesCollided: a.namesCollided + b.namesCollided,
    withoutTime: a.withoutTime + b.withoutTime,
    heapIdsDropped: a.heapIdsDropped + b.heapIdsDropped,
  };
}

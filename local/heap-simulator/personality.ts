import { ENDPOINTS, type HeapCallKind } from '../../lib/heap/api.ts';
import { isArray, isObject, type JsonObject } from '../../lib/json.ts';
import type { Heap, SimulatedAnswer } from './heap.ts';

/**
 * What Heap does with a request or an entry that its documentation does not describe. `refuse`: answers with an error and stores
 * nothing. `drop`: answers 200 without storing the entry (of too many entries: those above the limit). `skip`: the same, but
 * refuses an entry that is alone. `store`: answers 200 and stores what is usable of it.
 */
export type Effect = 'refuse' | 'drop' | 'skip' | 'store';

/** What such a request or entry has. */
export type Oddity =
  | keyof typeof RULES
  | 'repeated_key'
  | 'repeated_key_in_request'
  | 'key_of_another_identity'
  | 'empty_list'
  | 'gzip'
  | 'malformed_app'
  | 'not_json'
  | 'too_many_entries'
  | 'unknown_app'
  | 'unknown_field_of_request';

/** How one possible Heap answers where the documentation is silent. Without an effect, the simulator's own rules count. */
export interface Personality {
  readonly effects?: Partial<Readonly<Record<Oddity, Effect>>>;
  /** The app id of its only environment; every app id is known by default. */
  readonly appId?: string;
  /** What all refusals say; by default the entry and its problem. */
  readonly refusal?: { readonly status: number; readonly body: string };
  /** Answers every request with this, and stores nothing. */
  readonly always?: SimulatedAnswer;
}

const MOST_ENTRIES = 1000;
const MS_PER_DAY = 86_400_000;
const REQUEST_FIELDS: ReadonlySet<string> = new Set(['app_id', ...Object.values(ENDPOINTS).map(({ list }) => list)]);
const ACCEPTED: SimulatedAnswer = { status: 200, body: 'OK' };

/** Returns a Heap that answers by a personality. What it refuses or drops by itself is not in `counts()`. */
export function withPersonality(heap: Heap, personality: Personality): Heap {
  const { effects = {}, refusal, always } = personality;
  const identityByKey = new Map<string, unknown>();
  const refuse = (why: string): SimulatedAnswer => refusal ?? { status: 400, body: `Bad Request: ${why}` };

  function repetition({ idempotency_key: key, identity }: JsonObject, inRequest: ReadonlySet<unknown>): Oddity[] {
    if (typeof key !== 'string') return [];
    if (inRequest.has(key)) return ['repeated_key_in_request'];
    if (!identityByKey.has(key)) return [];
    return [identityByKey.get(key) === identity ? 'repeated_key' : 'key_of_another_identity'];
  }

  function handleEntries(kind: HeapCallKind, request: JsonObject, entries: readonly unknown[]): SimulatedAnswer {
    const kept: unknown[] = [];
    const keys = new Map<unknown, unknown>();
    for (const [index, given] of entries.entries()) {
      if (!isObject(given)) {
        kept.push(given);
        continue;
      }
      const odd = [...odditiesOf(given, kind), ...repetition(given, new Set(keys.keys()))].filter(
        (one) => one in effects,
      );
      const effect = (one: Oddity): Effect | undefined => effects[one];
      const refused = odd.find((one) => effect(one) === 'refuse' || (effect(one) === 'skip' && entries.length === 1));
      if (refused !== undefined) return refuse(`entry ${index}: ${refused}`);
      if (odd.some((one) => effect(one) !== 'store')) continue;
      kept.push(odd.reduce(repair, given));
      keys.set(given['idempotency_key'], given['identity']);
    }
    const answer = forward(kind, request, kept);
    for (const [key, identity] of answer.status === 200 ? keys : []) {
      if (typeof key === 'string' && !identityByKey.has(key)) identityByKey.set(key, identity);
    }
    return answer;
  }

  /** Hands entries to the simulator, which takes 1000 at once. */
  function forward(kind: HeapCallKind, request: JsonObject, entries: readonly unknown[]): SimulatedAnswer {
    if (entries.length === 0) return ACCEPTED;
    const size = effects.too_many_entries === 'store' ? MOST_ENTRIES : entries.length;
    const part = { ...request, [ENDPOINTS[kind].list]: entries.slice(0, size) };
    const answer = heap.handle(kind, JSON.stringify(part));
    if (answer.status !== 200) return answer.status === 400 && refusal !== undefined ? refusal : answer;
    return size < entries.length ? forward(kind, request, entries.slice(size)) : answer;
  }

  function handle(kind: HeapCallKind, body: string): SimulatedAnswer {
    if (always !== undefined) return always;
    const request = parse(body);
    if (!isObject(request)) return effects.not_json === 'drop' ? ACCEPTED : heap.handle(kind, body);
    const entries = request[ENDPOINTS[kind].list];
    if (!isArray(entries)) return heap.handle(kind, body);
    for (const name of requestOddities(request, entries, personality.appId)) {
      if (effects[name] === 'refuse') return refuse(name);
      if (effects[name] === 'drop' && name !== 'too_many_entries') return ACCEPTED;
    }
    if (entries.length === 0 && effects.empty_list === undefined) return heap.handle(kind, body);
    return handleEntries(kind, request, effects.too_many_entries === 'drop' ? entries.slice(0, MOST_ENTRIES) : entries);
  }

  return { ...heap, handle };
}

function requestOddities(request: JsonObject, entries: readonly unknown[], knownAppId?: string): readonly Oddity[] {
  const { app_id: appId } = request;
  const isUnknown = knownAppId !== undefined && appId !== knownAppId;
  const isOfDigits = /^\d+$/.test(String(appId));
  const oddities: readonly (readonly [Oddity, boolean])[] = [
    ['empty_list', entries.length === 0],
    ['malformed_app', isUnknown && !isOfDigits],
    ['too_many_entries', entries.length > MOST_ENTRIES],
    ['unknown_app', isUnknown && isOfDigits],
    ['unknown_field_of_request', Object.keys(request).some((name) => !REQUEST_FIELDS.has(name))],
  ];
  return oddities.flatMap(([name, isThere]) => (isThere ? [name] : []));
}

function parse(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
}

interface Rule {
  readonly isIn: (entry: JsonObject, kind: HeapCallKind) => boolean;
  /** What of the entry the simulator can store. */
  readonly repair: (entry: JsonObject) => JsonObject;
}

type Property = readonly [name: string, value: unknown];
const propertiesOf = ({ properties }: JsonObject): readonly Property[] =>
  isObject(properties) ? Object.entries(properties) : [];

/** A rule for entries with such a property. The other ones can be stored, and what `keep` makes of this one. */
function property(isOdd: (property: Property) => boolean, keep: (property: Property) => Property[] = () => []): Rule {
  return {
    isIn: (entry) => propertiesOf(entry).some(isOdd),
    repair: (entry) => ({
      ...entry,
      properties: Object.fromEntries(propertiesOf(entry).flatMap((one) => (isOdd(one) ? keep(one) : [one]))),
    }),
  };
}

/** A rule for a text field that is longer than this, and can be cut. */
function longText(field: string, longest: number): Rule {
  const textOf = ({ [field]: value }: JsonObject): string => (typeof value === 'string' ? value : '');
  return {
    isIn: (entry) => textOf(entry).length > longest,
    repair: (entry) => ({ ...entry, [field]: textOf(entry).slice(0, longest) }),
  };
}

const cutText = ([name, value]: Property): Property[] => [[name, String(value).slice(0, 1023)]];
const without =
  (field: string) =>
  (entry: JsonObject): JsonObject =>
    Object.fromEntries(Object.entries(entry).filter(([name]) => name !== field));
const timeOf = ({ timestamp }: JsonObject): number => Date.parse(String(timestamp));
const asItIs = (entry: JsonObject): JsonObject => entry;
const FIELDS: ReadonlySet<string> = new Set(['event', 'identity', 'properties', 'timestamp', 'idempotency_key']);

const RULES = {
  boolean_property: property(
    ([, value]) => typeof value === 'boolean',
    ([name, value]) => [[name, String(value)]],
  ),
  empty_property_name: property(([name]) => name === ''),
  nested_property: property(([, value]) => isObject(value)),
  null_property: property(([, value]) => value === null),
  property_name_over_512: property(([name]) => name.length > 512 && name.length < 1024),
  property_name_over_1023: property(([name]) => name.length >= 1024),
  text_of_1024: property(([, value]) => typeof value === 'string' && value.length === 1024, cutText),
  text_over_1024: property(([, value]) => typeof value === 'string' && value.length > 1024, cutText),
  incomplete_entry: {
    isIn: ({ identity }) => identity === undefined,
    repair: (entry) => ({ identity: 'x', ...entry }),
  },
  long_event_name: longText('event', 1024),
  long_identity: longText('identity', 255),
  number_identity: {
    isIn: ({ identity }) => typeof identity === 'number',
    repair: ({ identity, ...entry }) => ({ ...entry, identity: String(identity) }),
  },
  short_key: {
    isIn: ({ idempotency_key: key }) => typeof key === 'string' && key.length < 8,
    repair: without('idempotency_key'),
  },
  number_timestamp: { isIn: ({ timestamp }) => typeof timestamp === 'number', repair: without('timestamp') },
  unreadable_timestamp: {
    isIn: (entry) => typeof entry['timestamp'] === 'string' && Number.isNaN(timeOf(entry)),
    repair: without('timestamp'),
  },
  past_timestamp: { isIn: (entry) => timeOf(entry) < Date.UTC(2000), repair: asItIs },
  future_timestamp: { isIn: (entry) => timeOf(entry) > Date.now() + MS_PER_DAY, repair: asItIs },
  unknown_field: { isIn: (entry) => Object.keys(entry).some((name) => !FIELDS.has(name)), repair: asItIs },
} as const satisfies Record<string, Rule>;

function odditiesOf(entry: JsonObject, kind: HeapCallKind): readonly Oddity[] {
  const rules: Readonly<Record<string, Rule>> = RULES;
  return Object.keys(RULES).filter((name): name is keyof typeof RULES => rules[name]?.isIn(entry, kind) === true);
}

/** A repeated key is stored all the same, as an event without a key. */
function repair(entry: JsonObject, oddity: Oddity): JsonObject {
  const rules: Readonly<Record<string, Rule>> = RULES;
  return (rules[oddity]?.repair ?? without('idempotency_key'))(entry);
}

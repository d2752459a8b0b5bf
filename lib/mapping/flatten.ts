import { LIMITS, type HeapProperties } from '../heap/api.ts';
import { rejected, type Rejected } from '../outcome.ts';
import { isArray, isObject } from '../json.ts';
import { EVENT_LIMITS } from '../work-limits.ts';

/** What of an event does not reach Heap. */
export interface Cuts {
  /** String values truncated to Heap's limit. */
  readonly textsCut: number;
  /** Properties dropped because their flattened key is too long. */
  readonly keysDropped: number;
  /** User properties dropped because Heap reserves their names. */
  readonly reservedDropped: number;
  /** Event names truncated to Heap's limit. */
  readonly eventNamesCut: number;
  /** Properties replaced by another one that has the same flattened key. */
  readonly namesCollided: number;
  /** Track events without a time that can be read and can be true. */
  readonly withoutTime: number;
  /** Ids in `integrations` that cannot be ids of Heap, and are left out. */
  readonly heapIdsDropped: number;
}

export type CutKind = keyof Cuts;

/** Everything reaches Heap, as of nearly all events. They share this object, so that it takes neither time nor memory. */
export const NO_CUTS: Cuts = {
  textsCut: 0,
  keysDropped: 0,
  reservedDropped: 0,
  eventNamesCut: 0,
  namesCollided: 0,
  withoutTime: 0,
  heapIdsDropped: 0,
};

/** Returns the counts with `count` more of one kind. */
export function withCuts(cuts: Cuts, kind: CutKind, count: number): Cuts {
  return count === 0 ? cuts : { ...cuts, [kind]: cuts[kind] + count };
}

/** RudderStack's pipeline has no limit. Deeper nesting only occurs in attacks on recursive programs. */
const MAX_DEPTH = 500;

/** The flattened properties. */
export interface Flat {
  readonly kind: 'flat';
  readonly properties: HeapProperties;
  readonly cuts: Cuts;
  /** The characters of all flattened keys and texts. */
  readonly characters: number;
}

/** RudderStack removes this key from the properties, since it is sent as the event's idempotency key. */
const LIFTED_OUT = 'idempotencyKey';

/**
 * Flattens properties or traits as RudderStack does (`a.b`, `a[0]`), to values that Heap supports. Null, empty objects,
 * empty arrays, numbers that are not finite and empty keys are dropped. Long strings are truncated, and long keys dropped,
 * at Heap's limits. Of two values with the same flattened key the later one counts, as in RudderStack. A value that is not an object or array has no properties. A key that is too long is never built, and
 * neither are the keys below it, so the work does not grow with the length of keys.
 *
 * @param root `properties` or `traits`, unchecked
 * @param isReserved whether Heap reserves a flattened key
 * @returns rejected if the value is nested too deeply, has a key named `__proto__`, or exceeds the limits of an event
 */
export function flatten(root: unknown, isReserved: (name: string) => boolean = reservesNothing): Flat | Rejected {
  const state: State = { isReserved, properties: {}, cuts: NO_CUTS, count: 0, characters: 0, isNested: false };
  const problem = visit(state, root, '', 0);
  if (problem !== undefined) return problem;
  const { properties, cuts, count, characters, isNested } = state;
  // Names of one object differ. What is nested may get the name of another one: {"a.b": 1, "a": {"b": 2}}
  const collided = isNested ? count - Object.keys(properties).length : 0;
  return { kind: 'flat', properties, cuts: withCuts(cuts, 'namesCollided', collided), characters };
}

/** What has been flattened so far. */
interface State {
  readonly isReserved: (name: string) => boolean;
  readonly properties: HeapProperties;
  cuts: Cuts;
  count: number;
  characters: number;
  isNested: boolean;
}

function reservesNothing(): boolean {
  return false;
}

/** @param key undefined below a key that is too long */
function visit(state: State, value: unknown, key: string | undefined, depth: number): Rejected | undefined {
  if (depth > MAX_DEPTH) return rejected('too_deep', `the event is nested more than ${MAX_DEPTH} levels deep`);
  if (typeof value !== 'object' || value === null) return put(state, key, value);
  state.isNested ||= depth > 0;
  if (isArray(value)) {
    for (let index = 0; index < value.length; index += 1) {
      const below = key === undefined ? undefined : join(key, '', `[${index}]`);
      const problem = visit(state, value[index], below, depth + 1);
      if (problem !== undefined) return problem;
    }
  } else if (isObject(value)) {
    for (const name of Object.keys(value)) {
      if (name === '__proto__') {
        return rejected('forbidden_key', 'the event has a key named __proto__, which is never passed on');
      }
      const below = key === undefined ? undefined : join(key, key === '' ? '' : '.', name);
      const problem = visit(state, value[name], below, depth + 1);
      if (problem !== undefined) return problem;
    }
  }
  return undefined;
}

function put(state: State, key: string | undefined, value: unknown): Rejected | undefined {
  const isText = typeof value === 'string';
  const isHeapValue = isText || typeof value === 'boolean' || (typeof value === 'number' && Number.isFinite(value));
  if (!isHeapValue || key === '' || key === LIFTED_OUT) return undefined;
  if (key === undefined || state.isReserved(key)) {
    state.cuts = withCuts(state.cuts, key === undefined ? 'keysDropped' : 'reservedDropped', 1);
    return undefined;
  }
  const isCut = isText && value.length > LIMITS.textCharacters;
  if (isCut) state.cuts = withCuts(state.cuts, 'textsCut', 1);
  const kept = isCut ? cutText(value, LIMITS.textCharacters) : value;
  state.count += 1;
  state.characters += key.length + (typeof kept === 'string' ? kept.length : 0);
  if (state.count > EVENT_LIMITS.properties || state.characters > EVENT_LIMITS.characters) {
    return tooLarge(state.count);
  }
  state.properties[key] = kept;
  return undefined;
}

/** @returns undefined if the key is too long for Heap */
function join(key: string, separator: string, name: string): string | undefined {
  return key.length + separator.length + name.length > LIMITS.keyCharacters ? undefined : key + separator + name;
}

function tooLarge(count: number): Rejected {
  const limit =
    count > EVENT_LIMITS.properties
      ? `${EVENT_LIMITS.properties} properties`
      : `${EVENT_LIMITS.characters} characters in its flattened properties`;
  return rejected('too_large', `the event has more than ${limit}`);
}

/** Returns the first `length` characters, without a lone half of a surrogate pair at the end. */
export function cutText(text: string, length: number): string {
  if (text.length <= length) return text;
  const cut = text.slice(0, length);
  return /[\uD800-\uDBFF]$/.test(cut) ? cut.slice(0, -1) : cut;
}

import { LIMITS, type HeapProperties } from '../heap/api.ts';
import { rejected, type Rejected } from '../outcome.ts';
import { isArray, isObject } from '../json.ts';
import { WORK_LIMITS } from '../work-limits.ts';

/** What of an event does not reach Heap. */
export interface Cuts {
  /** String values truncated to Heap's limit. */
  textsCut: number;
  /** Properties dropped because their flattened key is too long. */
  keysDropped: number;
  /** User properties dropped because Heap reserves their names. */
  reservedDropped: number;
  /** Event names truncated to Heap's limit. */
  eventNamesCut: number;
  /** Properties replaced by another one that has the same flattened key. */
  namesCollided: number;
  /** Track events without a time that can be read and can be true. */
  withoutTime: number;
}

export type CutKind = keyof Cuts;

/** Returns counts of zero. */
export function noCuts(): Cuts {
  return { textsCut: 0, keysDropped: 0, reservedDropped: 0, eventNamesCut: 0, namesCollided: 0, withoutTime: 0 };
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
export function flatten(root: unknown, isReserved: (name: string) => boolean = () => false): Flat | Rejected {
  const properties: HeapProperties = {};
  const cuts = noCuts();
  let count = 0;
  let characters = 0;
  let isNested = false;

  /** @param key undefined below a key that is too long */
  function visit(value: unknown, key: string | undefined, depth: number): Rejected | undefined {
    if (depth > MAX_DEPTH) return rejected('too_deep', `the event is nested more than ${MAX_DEPTH} levels deep`);
    if (isArray(value)) {
      isNested ||= depth > 0;
      for (const [index, element] of value.entries()) {
        const problem = visit(element, key === undefined ? undefined : join(key, '', `[${index}]`), depth + 1);
        if (problem !== undefined) return problem;
      }
      return undefined;
    }
    if (isObject(value)) {
      isNested ||= depth > 0;
      for (const name of Object.keys(value)) {
        if (name === '__proto__') {
          return rejected('forbidden_key', 'the event has a key named __proto__, which is never passed on');
        }
        const below = key === undefined ? undefined : join(key, key === '' ? '' : '.', name);
        const problem = visit(value[name], below, depth + 1);
        if (problem !== undefined) return problem;
      }
      return undefined;
    }
    return put(key, value);
  }

  function put(key: string | undefined, value: unknown): Rejected | undefined {
    const isHeapValue =
      typeof value === 'string' || typeof value === 'boolean' || (typeof value === 'number' && Number.isFinite(value));
    if (!isHeapValue || key === '' || key === LIFTED_OUT) return undefined;
    if (key === undefined) {
      cuts.keysDropped += 1;
      return undefined;
    }
    if (isReserved(key)) {
      cuts.reservedDropped += 1;
      return undefined;
    }
    let kept = value;
    if (typeof value === 'string' && value.length > LIMITS.textCharacters) {
      cuts.textsCut += 1;
      kept = cutText(value, LIMITS.textCharacters);
    }
    count += 1;
    characters += key.length + (typeof kept === 'string' ? kept.length : 0);
    if (count > WORK_LIMITS.eventProperties || characters > WORK_LIMITS.eventCharacters) return tooLarge(count);
    properties[key] = kept;
    return undefined;
  }

  const problem = visit(root, '', 0);
  // Names of one object differ. What is nested may get the name of another one: {"a.b": 1, "a": {"b": 2}}
  if (isNested) cuts.namesCollided = count - Object.keys(properties).length;
  return problem ?? { kind: 'flat', properties, cuts, characters };
}

/** @returns undefined if the key is too long for Heap */
function join(key: string, separator: string, name: string): string | undefined {
  return key.length + separator.length + name.length > LIMITS.keyCharacters ? undefined : key + separator + name;
}

function tooLarge(count: number): Rejected {
  const { eventProperties, eventCharacters } = WORK_LIMITS;
  const limit =
    count > eventProperties
      ? `${eventProperties} properties`
      : `${eventCharacters} characters in its flattened properties`;
  return rejected('too_large', `the event has more than ${limit}`);
}

/** Returns the first `length` characters, without a lone half of a surrogate pair at the end. */
export function cutText(text: string, length: number): string {
  if (text.length <= length) return text;
  const cut = text.slice(0, length);
  return /[\uD800-\uDBFF]$/.test(cut) ? cut.slice(0, -1) : cut;
}

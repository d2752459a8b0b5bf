import { LIMITS, type HeapProperties } from '../heap/api.ts';
import { rejected, type Rejected } from '../outcome.ts';
import { isArray, isObject } from '../json.ts';

/** How often something of an event had to be left out or shortened to keep Heap's limits. */
export interface Cuts {
  /** Text values cut to Heap's length. */
  textsCut: number;
  /** Properties left out because their flat key is too long. */
  keysDropped: number;
  /** User properties left out because Heap reserves their names. */
  reservedDropped: number;
  /** Event names cut to Heap's length. */
  eventNamesCut: number;
}

export type CutKind = keyof Cuts;

/** No cuts yet. */
export function noCuts(): Cuts {
  return { textsCut: 0, keysDropped: 0, reservedDropped: 0, eventNamesCut: 0 };
}

/** RudderStack's own pipeline knows no limit; deeper than this is no event but an attack on recursive programs. */
const MAX_DEPTH = 500;

export interface Flat {
  readonly kind: 'flat';
  readonly properties: HeapProperties;
  readonly cuts: Cuts;
}

/** RudderStack lifts this one out of the properties: it is the event's key and not one of its facts. */
const LIFTED_OUT = 'idempotencyKey';

/**
 * Flattens properties or traits as RudderStack does (`a.b`, `a[0]`), into what Heap can hold: null, empty objects, empty
 * arrays, numbers that are not finite and empty names are left out; texts are cut and keys dropped at Heap's lengths.
 * Something that is no object or array has no properties.
 *
 * @param root `properties` or `traits`, unchecked
 * @param isReserved tells the flat names that Heap keeps for itself
 * @returns rejected when it is nested too deeply or has a key named `__proto__`
 */
export function flatten(root: unknown, isReserved: (name: string) => boolean = () => false): Flat | Rejected {
  const properties: HeapProperties = {};
  const cuts = noCuts();

  function visit(value: unknown, key: string, depth: number): Rejected | undefined {
    if (depth > MAX_DEPTH) return rejected('too_deep', `the event is nested more than ${MAX_DEPTH} levels deep`);
    if (isArray(value)) {
      for (const [index, element] of value.entries()) {
        const problem = visit(element, `${key}[${index}]`, depth + 1);
        if (problem !== undefined) return problem;
      }
      return undefined;
    }
    if (isObject(value)) {
      for (const name of Object.keys(value)) {
        if (name === '__proto__') {
          return rejected('forbidden_key', 'the event has a key named __proto__, which is never passed on');
        }
        const problem = visit(value[name], key === '' ? name : `${key}.${name}`, depth + 1);
        if (problem !== undefined) return problem;
      }
      return undefined;
    }
    put(key, value);
    return undefined;
  }

  function put(key: string, value: unknown): void {
    const isHeapValue =
      typeof value === 'string' || typeof value === 'boolean' || (typeof value === 'number' && Number.isFinite(value));
    if (!isHeapValue || key === '' || key === LIFTED_OUT) return;
    if (isReserved(key)) {
      cuts.reservedDropped += 1;
    } else if (key.length > LIMITS.keyCharacters) {
      cuts.keysDropped += 1;
    } else if (typeof value === 'string' && value.length > LIMITS.textCharacters) {
      cuts.textsCut += 1;
      properties[key] = cutText(value, LIMITS.textCharacters);
    } else {
      properties[key] = value;
    }
  }

  const problem = visit(root, '', 0);
  return problem ?? { kind: 'flat', properties, cuts };
}

/** The first `length` characters, without half of a character pair at the end. */
export function cutText(text: string, length: number): string {
  if (text.length <= length) return text;
  const cut = text.slice(0, length);
  return /[\uD800-\uDBFF]$/.test(cut) ? cut.slice(0, -1) : cut;
}

import { isArray, isObject, type JsonObject } from '../json.ts';
import { SOURCE_TYPES } from './source-type.ts';

/** A key of a `Config` that nothing reads. */
export interface UnknownKey {
  /** For example `consentManagement.web.0.provder`. */
  readonly path: string;
  /** The known key that it is close to. */
  readonly meant: string | undefined;
}

const RULE_KEYS = ['provider', 'consents', 'resolutionStrategy'];

/**
 * Returns the `Config` inside of a destination as RudderStack exports it, `{"config":{…}}` or `{"Config":{…}}`, also below
 * `destination`. Any other object is returned as it is.
 */
export function configIn(document: JsonObject): JsonObject {
  if (Object.hasOwn(document, 'appId')) return document;
  const destination = isObject(document['destination']) ? document['destination'] : document;
  return [destination['config'], destination['Config']].find(isObject) ?? document;
}

/**
 * Finds the keys of a `Config` that are not known: its own keys, sources, and keys of consent rules. The required keys of list
 * elements are not among them, because a list without them is refused anyway.
 *
 * @param known the keys that a `Config` may have
 */
export function findUnknownKeys(config: JsonObject, known: readonly string[]): readonly UnknownKey[] {
  return [
    ...unknownIn(config, known, ''),
    // A known setting that is an object has a value for each source.
    ...known.flatMap((key) => unknownIn(config[key], SOURCE_TYPES, `${key}.`)),
    ...unknownInRules(config['consentManagement'], 'consentManagement.'),
  ];
}

function unknownInRules(rules: unknown, path: string): readonly UnknownKey[] {
  if (isArray(rules)) return rules.flatMap((rule, index) => unknownIn(rule, RULE_KEYS, `${path}${index}.`));
  return isObject(rules)
    ? Object.entries(rules).flatMap(([source, list]) => unknownInRules(list, `${path}${source}.`))
    : [];
}

function unknownIn(value: unknown, known: readonly string[], path: string): readonly UnknownKey[] {
  return Object.keys(isObject(value) ? value : {})
    .filter((key) => !known.includes(key))
    .map((key) => ({
      path: legible(path + key),
      meant: known.find((one) => isClose(comparable(key), comparable(one))),
    }));
}

/** A key may hold any character, and a message has one line. */
function legible(path: string): string {
  return /^[\w.-]+$/.test(path) ? path : JSON.stringify(path);
}

/** The same for keys that differ in case or separators alone, or in the prefix that the parameters of the template have. */
function comparable(key: string): string {
  return key.toLowerCase().replaceAll(/^heap|[^a-z0-9]/g, '');
}

function isClose(key: string, known: string): boolean {
  return differsBy(known.length < 6 ? 1 : 2, key, known);
}

/** Whether at most so many edits make one text of the other: a character replaced, added or removed, or two swapped. */
function differsBy(edits: number, one: string, other: string): boolean {
  if (one === other || edits === 0) return one === other;
  let same = 0;
  while (same < one.length && one[same] === other[same]) same += 1;
  const [a, b] = [one.slice(same), other.slice(same)];
  const left = edits - 1;
  return (
    differsBy(left, a.slice(1), b.slice(1)) ||
    differsBy(left, a.slice(1), b) ||
    differsBy(left, a, b.slice(1)) ||
    (a[0] === b[1] && a[1] === b[0] && differsBy(left, a.slice(2), b.slice(2)))
  );
}

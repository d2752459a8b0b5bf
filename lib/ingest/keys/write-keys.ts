import { createHash, timingSafeEqual } from 'node:crypto';
import * as v from 'valibot';
import { isObject, type JsonObject } from '../../json.ts';
import { countValues } from '../../json-text.ts';
import { ConfigurationError } from '../../configuration-error.ts';

/** A sender of events: an app with a write key, or a RudderStack workspace with a webhook secret. */
export interface Source {
  /** The name that the owner gave it. It may be logged; keys may not. */
  readonly name: string;
  readonly isEnabled: boolean;
}

interface Key {
  readonly source: Source;
  /** The SHA-256 hash of the key. Hashes have equal length, as a constant-time comparison requires. */
  readonly digest: Buffer;
}

/** All keys that the HTTP endpoint accepts. */
export interface IngestKeys {
  readonly writeKeys: readonly Key[];
  readonly webhookSecrets: readonly Key[];
}

/** The minimum length of a key, in characters. Shorter keys could be guessed. RudderStack's keys have 27. */
const SHORTEST_KEY = 8;

const KeyText = v.pipe(
  v.string('has to be a string, or a list of strings'),
  v.trim(),
  v.minLength(SHORTEST_KEY, `has to have at least ${SHORTEST_KEY} characters`),
);
/** Basic authentication ends the user name, which is the write key, at the first colon. */
const WriteKeyText = v.pipe(
  KeyText,
  v.check((key) => !key.includes(':'), 'must not have a colon: Basic authentication cannot carry it'),
);
/** `v.record` leaves them out without a word, and their keys would be wrong. */
const UNUSABLE_NAMES = ['__proto__', 'prototype', 'constructor'];
const keysByName = (key: typeof KeyText | typeof WriteKeyText) =>
  v.optional(
    v.pipe(
      v.custom<JsonObject>(isObject, 'has to be an object {"name": "key"}'),
      v.check(
        (byName) => !UNUSABLE_NAMES.some((name) => Object.hasOwn(byName, name)),
        `has a name that cannot be used: ${UNUSABLE_NAMES.join(', ')}`,
      ),
      v.record(
        v.string(),
        v.union([key, v.array(key)], (issue) => firstMessage(issue)),
      ),
    ),
    {},
  );
const KeysDocument = v.strictObject(
  {
    writeKeys: keysByName(WriteKeyText),
    webhookSecrets: keysByName(KeyText),
    disabledSources: v.optional(v.array(v.string('has to be a string'), 'has to be a list'), []),
  },
  'is not known: writeKeys, webhookSecrets and disabledSources are',
);
type KeysDocument = v.InferOutput<typeof KeysDocument>;

/**
 * Parses the keys that the owner keeps in Parameter Store or Secrets Manager:
 * `{"writeKeys":{"web":"…","app":["new","old"]},"webhookSecrets":{"workspace":"…"},"disabledSources":["app"]}`.
 *
 * @throws ConfigurationError if the document is invalid. The message quotes nothing of the document, and no name either: what
 *   stands where a name belongs may be a key.
 */
export function parseIngestKeys(json: string): IngestKeys {
  let document: unknown;
  try {
    document = JSON.parse(json);
  } catch {
    throw new ConfigurationError('the ingest keys are not valid JSON');
  }
  if (!isObject(document)) throw invalid(['the document has to be a JSON object']);
  if (hasRepeatedName(json)) throw invalid(['a name stands twice, and only its last value would count']);
  const parsed = v.safeParse(KeysDocument, document);
  if (!parsed.success) throw invalid(parsed.issues.map((issue) => `${placeOf(issue.path ?? [])} ${issue.message}`));
  const problems = problemsOf(parsed.output);
  if (problems.length > 0) throw invalid(problems);
  const disabled = new Set(parsed.output.disabledSources);
  const toKeys = (byName: KeysDocument['writeKeys']): Key[] =>
    Object.entries(byName).flatMap(([name, keys]) =>
      [keys].flat().map((key) => ({ source: { name, isEnabled: !disabled.has(name) }, digest: digestOf(key) })),
    );
  return { writeKeys: toKeys(parsed.output.writeKeys), webhookSecrets: toKeys(parsed.output.webhookSecrets) };
}

function invalid(problems: readonly string[]): ConfigurationError {
  return new ConfigurationError(`the ingest keys are invalid: ${problems.join('; ')}`);
}

/**
 * Whether an object in a JSON text has a name twice. `JSON.parse` keeps the last one only, so a key that was added under the name of
 * another would make that one wrong.
 */
function hasRepeatedName(json: string): boolean {
  let kept = 0;
  JSON.parse(json, (_, value: unknown) => {
    kept += 1;
    return value;
  });
  return countValues(json, Number.POSITIVE_INFINITY) > kept;
}

/**
 * Finds what is wrong with a document whose types are right. A name may be logged and is told to SDKs, so a secret must not stand in
 * its place.
 */
function problemsOf({ writeKeys, webhookSecrets, disabledSources }: KeysDocument): string[] {
  const all = Object.entries({ writeKeys, webhookSecrets });
  if (all.every(([, byName]) => Object.values(byName).flat().length === 0)) return ['the document has no key'];
  const secrets = new Set(all.flatMap(([, byName]) => Object.values(byName).flat()));
  const misnamed = all.flatMap(([kind, byName]) =>
    Object.entries(byName).flatMap(([name, keys], index) => {
      const entry = `entry ${index + 1} of ${kind}`;
      if (secrets.has(name.trim())) return [`${entry} has a name that is also a key: names are logged`];
      const isSwapped = [keys].flat().some((key) => looksRandom(name) && !looksRandom(key));
      return isSwapped ? [`${entry} seems to have its name and its key swapped: write {"name": "key"}`] : [];
    }),
  );
  const names = new Set(all.flatMap(([, byName]) => Object.keys(byName)));
  const unknown = disabledSources.flatMap((name, index) =>
    names.has(name) ? [] : [`entry ${index + 1} of disabledSources is the name of no source`],
  );
  return [...misnamed, ...unknown];
}

/** Random text, as hexadecimal digits or letters and digits, changes often between letters and digits. A name hardly does. */
function looksRandom(text: string): boolean {
  const changes = text.match(/[a-z](?=\d)|\d(?=[a-z])/gi)?.length ?? 0;
  return text.length >= 16 && changes >= 4;
}

/** Says where in the document an issue is, by positions. */
function placeOf(path: readonly v.IssuePathItem[]): string {
  const [kind, entry, key] = path;
  if (typeof kind?.key !== 'string' || !(kind.key in KeysDocument.entries)) return 'a key of the document';
  if (entry === undefined) return kind.key;
  const index = isObject(entry.input) ? Object.keys(entry.input).indexOf(String(entry.key)) : Number(entry.key);
  const place = `entry ${index + 1} of ${kind.key}`;
  return key === undefined ? place : `key ${Number(key.key) + 1} in ${place}`;
}

/**
 * Finds the source of a key. It compares all keys, each in constant time, so that the response time reveals nothing about
 * the valid keys.
 *
 * @returns undefined if the key is unknown
 */
export function findSource(keys: readonly Key[], given: string, isEqual = timingSafeEqual): Source | undefined {
  const digest = digestOf(given);
  let found: Source | undefined;
  for (const key of keys) if (isEqual(key.digest, digest)) found = key.source;
  return found;
}

/** Returns the SHA-256 hash of a key. */
export function digestOf(key: string): Buffer {
  return createHash('sha256').update(key).digest();
}

function firstMessage(issue: v.UnionIssue<v.BaseIssue<unknown>>): string {
  return issue.issues?.[0]?.message ?? 'has to be a string, or a list of strings';
}

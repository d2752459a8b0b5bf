import { createHash, timingSafeEqual } from 'node:crypto';
import * as v from 'valibot';
import { isObject, type JsonObject } from '../../json.ts';
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
const KeysByName = v.optional(
  v.pipe(
    v.custom<JsonObject>(isObject, 'has to be an object {"name": "key"}'),
    v.record(
      v.string(),
      v.union([KeyText, v.array(KeyText)], (issue) => firstMessage(issue)),
    ),
  ),
  {},
);
const KeysDocument = v.strictObject(
  {
    writeKeys: KeysByName,
    webhookSecrets: KeysByName,
    disabledSources: v.optional(v.array(v.string('has to be a string'), 'has to be a list'), []),
  },
  'is not a known key',
);

/**
 * Parses the keys that the owner keeps in Parameter Store or Secrets Manager:
 * `{"writeKeys":{"web":"…","app":["new","old"]},"webhookSecrets":{"workspace":"…"},"disabledSources":["app"]}`.
 *
 * @throws ConfigurationError if the document is invalid; the message never quotes a key
 */
export function parseIngestKeys(json: string): IngestKeys {
  let document: unknown;
  try {
    document = JSON.parse(json);
  } catch {
    throw new ConfigurationError('the ingest keys are not valid JSON');
  }
  if (!isObject(document))
    throw new ConfigurationError('the ingest keys are invalid: the document has to be a JSON object');
  const parsed = v.safeParse(KeysDocument, document);
  if (!parsed.success) {
    const problems = parsed.issues.map((issue) => `${v.getDotPath(issue) ?? 'the document'} ${issue.message}`);
    throw new ConfigurationError(`the ingest keys are invalid: ${problems.join('; ')}`);
  }
  const disabled = new Set(parsed.output.disabledSources);
  const toKeys = (byName: Readonly<Record<string, string | readonly string[]>>): Key[] =>
    Object.entries(byName).flatMap(([name, keys]) =>
      [keys].flat().map((key) => ({ source: { name, isEnabled: !disabled.has(name) }, digest: digestOf(key) })),
    );
  return { writeKeys: toKeys(parsed.output.writeKeys), webhookSecrets: toKeys(parsed.output.webhookSecrets) };
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

function digestOf(key: string): Buffer {
  return createHash('sha256').update(key).digest();
}

function firstMessage(issue: v.UnionIssue<v.BaseIssue<unknown>>): string {
  return issue.issues?.[0]?.message ?? 'has to be a string, or a list of strings';
}

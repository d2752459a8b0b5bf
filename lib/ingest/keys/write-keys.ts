import { createHash, timingSafeEqual } from 'node:crypto';
import * as v from 'valibot';
import { isObject, type JsonObject } from '../../json.ts';
import { ConfigurationError } from '../../configuration-error.ts';

/** Somebody who may send: an app with a write key, or a RudderStack workspace with the webhook's secret. */
export interface Source {
  /** The owner's name for it; the only thing about it that is ever logged. */
  readonly name: string;
  readonly isEnabled: boolean;
}

interface Key {
  readonly source: Source;
  /** SHA-256 of the key: all keys have the same length, and none of them stays in memory. */
  readonly digest: Buffer;
}

export interface IngestKeys {
  readonly writeKeys: readonly Key[];
  readonly webhookSecrets: readonly Key[];
}

/** A key that is shorter can be guessed. RudderStack's own have 27 characters. */
const SHORTEST_KEY = 8;

const KeyText = v.pipe(
  v.string('has to be a string, or a list of strings'),
  v.trim(),
  v.minLength(SHORTEST_KEY, `has to have ${SHORTEST_KEY} characters at least`),
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
  'is not known here',
);

/**
 * Reads the keys that the owner keeps in Parameter Store or Secrets Manager:
 * `{"writeKeys":{"web":"…","app":["new","old"]},"webhookSecrets":{"workspace":"…"},"disabledSources":["app"]}`.
 *
 * @throws ConfigurationError naming what is wrong, and quoting no key
 */
export function parseIngestKeys(json: string): IngestKeys {
  let document: unknown;
  try {
    document = JSON.parse(json);
  } catch {
    throw new ConfigurationError('the ingest keys are no JSON');
  }
  if (!isObject(document))
    throw new ConfigurationError('the ingest keys are wrong: the document has to be a JSON object');
  const parsed = v.safeParse(KeysDocument, document);
  if (!parsed.success) {
    const problems = parsed.issues.map((issue) => `${v.getDotPath(issue) ?? 'the document'} ${issue.message}`);
    throw new ConfigurationError(`the ingest keys are wrong: ${problems.join('; ')}`);
  }
  const disabled = new Set(parsed.output.disabledSources);
  const toKeys = (byName: Readonly<Record<string, string | readonly string[]>>): Key[] =>
    Object.entries(byName).flatMap(([name, keys]) =>
      [keys].flat().map((key) => ({ source: { name, isEnabled: !disabled.has(name) }, digest: digestOf(key) })),
    );
  return { writeKeys: toKeys(parsed.output.writeKeys), webhookSecrets: toKeys(parsed.output.webhookSecrets) };
}

/**
 * Whose key it is. Every key is compared, each in the same time whatever they have in common, so that the time that an answer
 * takes tells nothing about a wrong key.
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

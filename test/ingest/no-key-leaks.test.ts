import fc from 'fast-check';
import { createIngestHandler } from '../../lib/ingest/create-handler.ts';
import { createKeyRing } from '../../lib/ingest/keys/key-ring.ts';
import { createIngestTelemetry } from '../../lib/ingest/telemetry.ts';
import { isArray, isObject } from '../../lib/json.ts';
import { webConfig } from '../../lib/rudderstack/web-config.ts';
import { toHttpEvent } from '../../local/http-event.ts';
import { createVirtualTime } from '../../local/virtual/time.ts';
import { settingsWith } from '../support/settings.ts';

/** Random text as people make keys: `openssl rand -hex`, RudderStack's own, a UUID. A swapped one has to look random to be found. */
const changesOften = (text: string): boolean => (text.match(/[a-z](?=\d)|\d(?=[a-z])/gi)?.length ?? 0) >= 4;
const hex = (length: number) =>
  fc
    .array(fc.constantFrom(...'0123456789abcdef'.split('')), { minLength: length, maxLength: length })
    .map((all) => all.join(''));
const base62 = fc
  .array(fc.constantFrom(...'0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'.split('')), {
    minLength: 27,
    maxLength: 27,
  })
  .map((all) => all.join(''));
const randomKey = fc.oneof(hex(32), hex(48), base62, fc.uuid()).filter(changesOften);
/** Keys that nobody should have chosen: short, with characters that JSON, HTTP and logs treat in a special way, or of digits. */
const oddKey = fc.oneof(
  hex(6).map((text) => `z${text}`),
  hex(12).map((text) => `pass:${text}`),
  hex(12).map((text) => `line\nat ${text}`),
  hex(12).map((text) => `"quoted\\${text}`),
  hex(12).map((text) => `grün ${text} 🚀`),
);
const key = fc.oneof({ weight: 3, arbitrary: randomKey }, { weight: 1, arbitrary: oddKey });
const goodName = fc.constantFrom('web', 'ios-app-2', 'production-website-of-the-shop-in-europe', 'workspace');
const name = fc.oneof({ weight: 4, arbitrary: goodName }, { weight: 1, arbitrary: fc.constant('__proto__') });

const wrongValue = fc.oneof(
  fc.bigInt({ min: 10n ** 14n, max: 10n ** 15n }).map(Number),
  fc.dictionary(key, key, { maxKeys: 2 }),
  fc.array(fc.array(key, { maxLength: 2 }), { maxLength: 2 }),
  fc.constantFrom(null, true),
);
const entryValue = fc.oneof(
  { weight: 4, arbitrary: key },
  { weight: 3, arbitrary: fc.array(key, { maxLength: 3 }) },
  { weight: 1, arbitrary: wrongValue },
);
const entry = fc.oneof(
  { weight: 6, arbitrary: fc.tuple(name, entryValue) },
  // Swapped: the key stands where the name belongs.
  { weight: 1, arbitrary: fc.tuple(randomKey, name) },
);
const entries = fc.oneof(
  { weight: 6, arbitrary: fc.array(entry, { maxLength: 3 }).map((all) => Object.fromEntries(all)) },
  { weight: 1, arbitrary: entryValue },
);
/** Valid, but for entries that are swapped, or whose key is their name as well. */
const goodEntries = fc
  .array(
    fc.oneof(
      { weight: 6, arbitrary: fc.tuple(goodName, randomKey) },
      { weight: 1, arbitrary: fc.tuple(randomKey, goodName) },
      { weight: 1, arbitrary: randomKey.map((both): [string, string] => [both, both]) },
    ),
    {
      minLength: 1,
      maxLength: 2,
    },
  )
  .map((all) => Object.fromEntries(all));
const document = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({ writeKeys: goodEntries, webhookSecrets: goodEntries }, { requiredKeys: ['writeKeys'] }),
  },
  {
    weight: 6,
    arbitrary: fc.record(
      {
        writeKeys: entries,
        webhookSecrets: entries,
        disabledSources: fc.array(fc.oneof(name, name, key), { maxLength: 2 }),
      },
      { requiredKeys: ['writeKeys'] },
    ),
  },
  { weight: 1, arbitrary: fc.dictionary(key, entries, { minKeys: 1, maxKeys: 2 }) },
  { weight: 1, arbitrary: fc.oneof(key, fc.array(key), fc.tuple(key, entries)) },
);

/** The document as text, whole or broken, as an editor, a shell or a template may break it. */
const whole = (json: string): string => json;
const breakage = fc.constantFrom<((json: string, at: number) => string)[]>(
  ...Array.from({ length: 8 }, () => whole),
  (json) => json.replace(/\}$/, ',}'),
  (json) => json.replaceAll('"', "'"),
  (json) => json.replaceAll('"', ''),
  (json) => json.replaceAll('":', '"'),
  (json) => `\uFEFF${json}`,
  (json) => `keys=${json}`,
  (json) => JSON.stringify(json),
  (json) => `${json}${json}`,
  // A name that stands twice.
  (json) => json.replace(/^\{/, `{"writeKeys":${json.slice(0, 1) === '{' ? json : '{}'},`),
  (json, at) => json.slice(0, at),
  (json, at) => `${json.slice(0, at)}\n${json.slice(at)}`,
);
const text = fc.tuple(document, breakage, fc.double({ min: 0, max: 1, noNaN: true })).map(([given, broken, share]) => {
  const json = JSON.stringify(given);
  return { given, json: broken(json, Math.floor(json.length * share)) };
});

/** Every text and number in a document that may be a key: all but the names that have been given to sources. */
function keysIn(value: unknown): readonly string[] {
  const names = new Set(['web', 'ios-app-2', 'production-website-of-the-shop-in-europe', 'workspace', '__proto__']);
  const words = new Set(['writeKeys', 'webhookSecrets', 'disabledSources', 'true', 'null']);
  const all = isArray(value)
    ? value.flatMap(keysIn)
    : isObject(value)
      ? Object.entries(value).flatMap(([one, inner]) => [one, ...keysIn(inner)])
      : [String(value)];
  return all.filter((one) => one !== '' && !names.has(one) && !words.has(one));
}

const ROUTES: readonly (readonly [method: string, path: string, keyIn: 'header' | 'query' | 'webhook'])[] = [
  ['POST', '/v1/track', 'header'],
  ['POST', '/v1/batch', 'header'],
  ['POST', '/beacon/v1/batch', 'query'],
  ['GET', '/pixel/v1/track', 'query'],
  ['POST', '/webhook', 'webhook'],
  ['GET', '/sourceConfig', 'header'],
  ['GET', '/sourceConfig', 'query'],
  ['OPTIONS', '/v1/track', 'header'],
  ['GET', '/health', 'header'],
  ['GET', '/nowhere', 'query'],
];

function requestOf([method, path, keyIn]: (typeof ROUTES)[number], given: string) {
  const inQuery = new URLSearchParams({ writeKey: given, userId: 'u', event: 'A', p: 'npm' });
  return toHttpEvent({
    method,
    path,
    query: keyIn === 'query' ? inQuery.toString() : '',
    headers: {
      origin: 'https://shop.example',
      'content-type': 'application/json',
      ...(keyIn === 'header' ? { authorization: `Basic ${Buffer.from(`${given}:`).toString('base64')}` } : {}),
      ...(keyIn === 'webhook' ? { 'x-webhook-secret': given } : {}),
    },
    body: Buffer.from(path.endsWith('batch') ? '{"batch":[{"userId":"u"},null]}' : '{"userId":"u","event":"A"}'),
  });
}

/**
 * Everything that a container writes (its log and what it says in dead letters) and answers while it reads these documents, one after the other. The last request has a
 * name for its key, as it counts when the two are swapped.
 */
async function outputOf(documents: readonly string[], keys: readonly string[]): Promise<readonly string[]> {
  const time = createVirtualTime();
  const written: string[] = [];
  const telemetry = createIngestTelemetry({ service: 'stack', level: 'DEBUG' }, (line) => written.push(line));
  let stored = '';
  const handle = createIngestHandler({
    clock: time.clock,
    random: () => 0.5,
    queue: { isFifo: false, sendBatch: (messages) => Promise.resolve(messages.map(() => ({ kind: 'sent' }))) },
    deadLetterQueue: {
      isFifo: false,
      sendBatch(messages) {
        written.push(JSON.stringify(messages.map(({ attributes }) => attributes)));
        return Promise.resolve(messages.map(() => ({ kind: 'sent' })));
      },
    },
    webConfig: webConfig(settingsWith({ useNativeSDK: { web: true } })),
    keyRing: createKeyRing({
      load: () => Promise.resolve(stored),
      clock: time.clock,
      random: () => 0.5,
      onStale: (error) => telemetry.reportProblem('keys_stale', error),
      onUnavailable: (error) => telemetry.reportProblem('keys_unavailable', error),
    }),
    telemetry,
  });
  await time.run(async () => {
    for (stored of documents) {
      await time.clock.sleep(301_000);
      for (const given of [...keys, 'production-website-of-the-shop-in-europe']) {
        for (const route of ROUTES) {
          const answer = await handle(requestOf(route, given), { getRemainingTimeInMillis: () => 10_000 });
          const body = Buffer.from(answer.body ?? '', answer.isBase64Encoded === true ? 'base64' : 'utf8').toString();
          // The source configuration repeats the key of the request.
          const own = JSON.stringify(given).slice(1, -1);
          written.push(JSON.stringify(answer.headers), route[1] === '/sourceConfig' ? body.replace(own, '') : body);
        }
      }
    }
  });
  return written;
}

/** The forms in which a text may occur in a log line or an answer, and its parts: what fails to read a text quotes a part. */
function formsOf(secret: string): readonly string[] {
  const quoted = JSON.stringify(secret).slice(1, -1);
  const starts = secret.length < 16 ? [] : Array.from({ length: secret.length - 7 }, (_, index) => index);
  return [
    secret,
    quoted,
    JSON.stringify(quoted).slice(1, -1),
    encodeURIComponent(secret),
    Buffer.from(secret).toString('base64'),
    ...starts.map((start) => secret.slice(start, start + 8)),
  ];
}

test('no key of any document of keys, valid or broken, is in a log line or an answer', async () => {
  await fc.assert(
    fc.asyncProperty(text, text, async (first, second) => {
      const secrets = [...keysIn(first.given), ...keysIn(second.given)];
      const output = (await outputOf([first.json, second.json], secrets.slice(0, 3))).join('\n');
      const leaked = secrets.filter((secret) => formsOf(secret).some((form) => output.includes(form)));
      expect(leaked).toEqual([]);
    }),
    { numRuns: 150 },
  );
});

test('the documents of this test are accepted often enough to be of use', async () => {
  const outputs = await Promise.all(
    fc.sample(text, { numRuns: 100, seed: 1 }).map(({ json, given }) => outputOf([json], keysIn(given).slice(0, 2))),
  );
  const withEvents = outputs.filter((lines) => lines.some((line) => line.includes('events_taken')));
  const refused = outputs.filter((lines) => lines.some((line) => line.includes('keys_unavailable')));
  expect(withEvents.length).toBeGreaterThan(10);
  expect(refused.length).toBeGreaterThan(30);
});

import { timingSafeEqual } from 'node:crypto';
import { findSource, parseIngestKeys } from '../../../lib/ingest/keys/write-keys.ts';

const document = {
  writeKeys: { web: 'web-key-1', app: ['app-key-new', 'app-key-old'] },
  webhookSecrets: { workspace: 'a-long-secret' },
  disabledSources: ['app'],
};

test('knows whose key it is, old keys during a rotation included', () => {
  const { writeKeys, webhookSecrets } = parseIngestKeys(JSON.stringify(document));
  expect(findSource(writeKeys, 'web-key-1')).toEqual({ name: 'web', isEnabled: true });
  expect(findSource(writeKeys, 'app-key-new')).toEqual({ name: 'app', isEnabled: false });
  expect(findSource(writeKeys, 'app-key-old')).toEqual({ name: 'app', isEnabled: false });
  expect(findSource(webhookSecrets, 'a-long-secret')).toEqual({ name: 'workspace', isEnabled: true });
});

test.each(['', 'web-key-', 'web-key-11', 'WEB-KEY-1', 'a-long-secret', 'undefined'])(
  '%j is nobody’s write key',
  (given) => {
    expect(findSource(parseIngestKeys(JSON.stringify(document)).writeKeys, given)).toBeUndefined();
  },
);

test('a wrong key takes the same steps, however much of it is right, and so does a right one', () => {
  const { writeKeys } = parseIngestKeys(JSON.stringify(document));
  const compare = (given: string): readonly number[][] => {
    const lengths: number[][] = [];
    findSource(writeKeys, given, (left, right) => {
      lengths.push([left.byteLength, right.byteLength]);
      return timingSafeEqual(left, right);
    });
    return lengths;
  };
  const steps = [
    [32, 32],
    [32, 32],
    [32, 32],
  ];
  for (const given of ['x', 'web-key-', 'web-key-2', 'web-key-1', 'app-key-old', 'y'.repeat(10_000)]) {
    expect(compare(given)).toEqual(steps);
  }
});

/** Random texts of the forms that people use as keys. Each stands for a secret. */
const HEX = '3f9a0c71b2de4485a6107cd95e2b8f13';
const BASE62 = '2vQ8dKx41LmZ7tRb0NcWe5YpHsA';

test.each([
  ['{', 'the ingest keys are not valid JSON'],
  ['[]', 'the ingest keys are invalid: the document has to be a JSON object'],
  [`{"${HEX}":{}}`, 'a key of the document is not known: writeKeys, webhookSecrets and disabledSources are'],
  ['{"writeKeys":[]}', 'writeKeys has to be an object {"name": "key"}'],
  ['{"writeKeys":{"web":"se-cret"}}', 'entry 1 of writeKeys has to have at least 8 characters'],
  [
    '{"writeKeys":{"web":["long-enough","se-cret"]}}',
    'key 2 in entry 1 of writeKeys has to have at least 8 characters',
  ],
  ['{"writeKeys":{"a":"long-enough","web":12345678}}', 'entry 2 of writeKeys has to be a string, or a list of strings'],
  ['{"disabledSources":[12345678]}', 'entry 1 of disabledSources has to be a string'],
  ['{}', 'the ingest keys are invalid: the document has no key'],
  ['{"writeKeys":{},"webhookSecrets":{"web":[]}}', 'the ingest keys are invalid: the document has no key'],
  ['{"writeKeys":{"web":"se-cret:se-cret"}}', 'entry 1 of writeKeys must not have a colon'],
  ['{"writeKeys":{"web":["long-enough","se-cret:x"]}}', 'key 2 in entry 1 of writeKeys must not have a colon'],
  [
    '{"writeKeys":{"web":"long-enough"},"disabledSources":["web","se-cret"]}',
    'the ingest keys are invalid: entry 2 of disabledSources is the name of no source',
  ],
  [`{"writeKeys":{"${HEX}":"web"}}`, 'entry 1 of writeKeys has to have at least 8 characters'],
  [`{"writeKeys":{"${HEX}":"website-production"}}`, 'entry 1 of writeKeys seems to have its name and its key swapped'],
  [
    `{"writeKeys":{"${BASE62}":"production-website-of-the-shop-in-europe"}}`,
    'entry 1 of writeKeys seems to have its name and its key swapped',
  ],
  [
    `{"webhookSecrets":{"${BASE62}":"workspace"}}`,
    'entry 1 of webhookSecrets seems to have its name and its key swapped',
  ],
  [`{"writeKeys":{"${HEX}":"${HEX}"}}`, 'entry 1 of writeKeys has a name that is also a key'],
  [
    `{"writeKeys":{"web":"${HEX}"},"webhookSecrets":{"${HEX} ":["${BASE62}"]}}`,
    'entry 1 of webhookSecrets has a name that is also a key',
  ],
  [
    `{"writeKeys":{"web":"${HEX}","\\u0077eb":"${BASE62}"}}`,
    'the ingest keys are invalid: a name stands twice, and only its last value would count',
  ],
  [
    `{"writeKeys":{"web":"${HEX}"},"writeKeys":{}}`,
    'the ingest keys are invalid: a name stands twice, and only its last value would count',
  ],
  [`{"writeKeys":{"web":"${HEX}","constructor":"${BASE62}"}}`, 'writeKeys has a name that cannot be used: __proto__'],
  [`{"writeKeys":{"web":"${HEX}","__proto__":"${BASE62}"}}`, 'writeKeys has a name that cannot be used: __proto__'],
])('%s is refused with a message that quotes nothing of it', (json, message) => {
  expect(() => parseIngestKeys(json)).toThrow(message);
  expect(() => parseIngestKeys(json)).not.toThrow(
    new RegExp(['se-cret', '12345678', HEX, BASE62, 'web(?!hook)', 'workspace'].join('|')),
  );
});

test.each([
  ['a name that is an id, with a random key', { writeKeys: { [BASE62]: HEX } }],
  ['a short key that is no random text', { writeKeys: { web: 'local-write-key' } }],
  ['a long name with digits', { writeKeys: { 'ios-app-2-production-2024': 'ios-app-key' } }],
  ['an empty list', { writeKeys: { web: HEX, app: [], 'a,b:[{"': [HEX] } }],
  ['a webhook secret with a colon', { webhookSecrets: { workspace: 'a-long:secret' } }],
])('%s is accepted', (_, keys) => {
  expect(() => parseIngestKeys(JSON.stringify(keys))).not.toThrow();
});

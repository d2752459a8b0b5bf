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

test.each([
  ['{', 'the ingest keys are not valid JSON'],
  ['[]', 'the ingest keys are invalid: the document has to be a JSON object'],
  ['{"writekeys":{}}', 'the ingest keys are invalid: writekeys is not a known key'],
  ['{"writeKeys":[]}', 'the ingest keys are invalid: writeKeys has to be an object {"name": "key"}'],
  ['{"writeKeys":{"web":"se-cret"}}', 'the ingest keys are invalid: writeKeys.web has to have at least 8 characters'],
  [
    '{"writeKeys":{"web":["long-enough","se-cret"]}}',
    'the ingest keys are invalid: writeKeys.web.1 has to have at least 8 characters',
  ],
  [
    '{"writeKeys":{"web":12345678}}',
    'the ingest keys are invalid: writeKeys.web has to be a string, or a list of strings',
  ],
])('%s is refused with a message that quotes no key', (json, message) => {
  expect(() => parseIngestKeys(json)).toThrow(message);
  expect(() => parseIngestKeys(json)).not.toThrow(/se-cret|12345678/);
});

import { gunzipSync } from 'node:zlib';
import fc from 'fast-check';
import { SQS_LIMITS } from '../../lib/sqs/limits.ts';
import { compress, escapeJson, replaceForbidden, toMessageBody } from '../../lib/sqs/message-body.ts';

/** What SQS takes, by its documentation. */
const TAKEN = /^[\t\n\r\u{20}-\u{D7FF}\u{E000}-\u{FFFD}\u{10000}-\u{10FFFF}]*$/u;
const decompressed = (body: string): string => gunzipSync(Buffer.from(body, 'base64')).toString();

describe('escaping JSON', () => {
  test.each([
    ['{"a":"plain ü €"}', '{"a":"plain ü €"}'],
    ['"\uFFFE\uFFFF"', '"\\ufffe\\uffff"'],
    ['"\uD800"', '"\\ud800"'],
    ['"😀"', '"\\ud83d\\ude00"'],
  ])('%j becomes %j', (json, expected) => {
    expect(escapeJson(json)).toBe(expected);
  });

  test('keeps the value, and leaves nothing that SQS refuses, whatever the value', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (value) => {
        const escaped = escapeJson(JSON.stringify(value));
        expect(JSON.parse(escaped)).toBe(value);
        expect(escaped).toMatch(TAKEN);
      }),
    );
  });
});

describe('replacing what SQS refuses', () => {
  test.each([
    ['plain ü 😀\t\r\n', 'plain ü 😀\t\r\n'],
    ['\u0000a\u001F', '\uFFFDa\uFFFD'],
    ['\uFFFE\uFFFF', '\uFFFD\uFFFD'],
    ['a\uD800b', 'a\uFFFDb'],
  ])('%j becomes %j', (text, expected) => {
    expect(replaceForbidden(text)).toBe(expected);
  });
});

describe('a message body', () => {
  test.each([[''], ['{"a":"ü 😀"}'], ['x'.repeat(SQS_LIMITS.bytes)]])(
    'is the text itself where SQS takes it',
    (text) => {
      expect(toMessageBody(text)).toBe(text);
    },
  );

  test.each([
    ['is too large', 'x'.repeat(SQS_LIMITS.bytes + 1)],
    ['is too large in bytes, though not in characters', 'ü'.repeat(SQS_LIMITS.bytes / 2 + 1)],
    ['holds a character that SQS refuses', '{"a":"\uFFFF"}'],
    ['holds a control character', '\u0000'],
  ])('is compressed where the text %s', (_, text) => {
    const body = toMessageBody(text);
    expect(body).toMatch(/^H4sI[\w+/]+=*$/);
    expect(decompressed(body)).toBe(text);
  });
});

test('compressing is gzip in base64', () => {
  expect(decompressed(compress('any text'))).toBe('any text');
});

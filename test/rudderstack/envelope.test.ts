import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { unwrap, type Enveloped } from '../../lib/rudderstack/envelope.ts';

const track = { type: 'track', event: 'A', userId: 'u', messageId: 'm-1' };
const identify = { type: 'identify', userId: 'u', messageId: 'm-2' };
const json = JSON.stringify;
const base64 = (text: string): string => Buffer.from(text).toString('base64');
const gzipped = (text: string): string => gzipSync(text).toString('base64');

function eventsOf(body: string): unknown[] {
  return unwrap(body).map((one) => (one.kind === 'event' ? one.event : one.rejection.reason));
}

const notification = { Type: 'Notification', MessageId: 'n', TopicArn: 'arn:aws:sns:us-east-1:1:t' };
const eventBridge = { version: '0', id: 'e', 'detail-type': 'rudderstack', source: 'rudderstack' };
const proxyRequest = { version: '2.0', requestContext: {}, isBase64Encoded: false };

describe('an envelope is taken off without being configured', () => {
  test.each<[string, string, unknown[]]>([
    ['one event', json(track), [track]],
    ['one event with blanks and a byte order mark around it', `\uFEFF \n${json(track)}\n`, [track]],
    ['an array', json([track, identify]), [track, identify]],
    ['a batch as the SDKs post it', json({ batch: [track, identify], sentAt: 'now' }), [track, identify]],
    ['EventBridge', json({ ...eventBridge, detail: track }), [track]],
    ['EventBridge with a batch', json({ ...eventBridge, detail: { batch: [track, identify] } }), [track, identify]],
    ['SNS', json({ ...notification, Message: json(track) }), [track]],
    ['SNS with a gzipped array', json({ ...notification, Message: gzipped(json([track])) }), [track]],
    ['a message wrapper', json({ message: track, metadata: {} }), [track]],
    ['an API Gateway request', json({ ...proxyRequest, body: json(track) }), [track]],
    [
      'an API Gateway request in base64',
      json({ ...proxyRequest, body: base64(json(track)), isBase64Encoded: true }),
      [track],
    ],
    [
      'an API Gateway request in gzip',
      json({ ...proxyRequest, body: gzipped(json({ batch: [track] })), isBase64Encoded: true }),
      [track],
    ],
    ['base64', base64(json(track)), [track]],
    ['gzip in base64', gzipped(json({ batch: [track, identify] })), [track, identify]],
    ['gzip in base64, broken into lines', gzipped(json(track)).replaceAll(/(.{20})/g, '$1\n'), [track]],
    ['an array of SNS envelopes', json([{ ...notification, Message: json(track) }, identify]), [track, identify]],
    ['an event with a batch property of its own', json({ ...track, batch: [1] }), [{ ...track, batch: [1] }]],
    ['a batch that says so', json({ type: 'batch', batch: [track] }), [track]],
    [
      'an event with a message property of its own',
      json({ ...track, message: { a: 1 } }),
      [{ ...track, message: { a: 1 } }],
    ],
  ])('%s', (_, body, expected) => {
    expect(eventsOf(body)).toEqual(expected);
  });
});

describe('a body without an event is rejected with its reason', () => {
  test.each([
    ['nothing', '', 'not_json', 'the body is empty'],
    ['blanks', ' \n ', 'not_json', 'the body is empty'],
    ['text', 'hello', 'not_json', 'the body is not valid JSON'],
    ['binary', '\u0001\u0002\uFFFD\u0000', 'not_json', 'the body is not valid JSON'],
    ['1 MiB of one character', 'a'.repeat(1024 * 1024), 'not_json', 'the body is not valid JSON'],
    ['truncated JSON', json(track).slice(0, -3), 'not_json', 'the body is not valid JSON'],
    ['a JSON string', '"track"', 'no_event', 'expected an event object, found a string'],
    ['a JSON number', '42', 'no_event', 'expected an event object, found a number'],
    ['JSON null', 'null', 'no_event', 'expected an event object, found null'],
    ['an empty array', '[]', 'no_event', 'the batch is empty'],
    ['an empty batch', '{"batch":[]}', 'no_event', 'the batch is empty'],
    [
      'damaged gzip',
      gzipSync(json(track)).subarray(0, 30).toString('base64'),
      'not_json',
      'the gzip body cannot be decompressed',
    ],
    ['a gzip bomb', gzipped(' '.repeat(20 * 1024 * 1024)), 'too_large', 'the body decompresses to more than'],
    [
      'an array in an array, 10,000 times',
      '['.repeat(10_000) + ']'.repeat(10_000),
      'no_event',
      'more than 8 nested envelopes',
    ],
    ['an event with a __proto__ key', '{"__proto__":{"type":"track"},"type":"track"}', 'forbidden_key', '__proto__'],
  ])('%s', (_, body, reason, detail) => {
    const [only, ...more] = unwrap(body);
    expect(more).toEqual([]);
    expect(only).toMatchObject({ kind: 'rejected', rejection: { reason, detail: expect.stringContaining(detail) } });
    expect(only?.text()).toBe(body);
  });

  test('one bad element leaves its neighbours alone', () => {
    expect(eventsOf(json({ batch: [track, 5, identify, null] }))).toEqual([track, 'no_event', identify, 'no_event']);
  });
});

describe('the text of an event is what came', () => {
  test('of a body with one event, the whole body', () => {
    for (const body of [` ${json(track)}`, json({ batch: [track] }), gzipped(json(track))]) {
      expect(unwrap(body).map((one) => one.text())).toEqual([body]);
    }
  });

  test('of a body with several, the part of each, byte for byte', () => {
    const first = '{ "type":"track", "n": 1.00, "big": 12345678901234567890, "emoji":"\\ud83d\\ude00" }';
    const body = `{"sentAt":"x","batch" : [ ${first} ,7, {"type":"page"} ]}`;
    expect(unwrap(body).map((one) => one.text())).toEqual([first, '7', '{"type":"page"}']);
    expect(unwrap(gzipped(body)).map((one) => one.text())).toEqual([first, '7', '{"type":"page"}']);
  });

  test('unwrapping the text of an event again gives the event', () => {
    const events = fc.array(fc.dictionary(fc.stringMatching(/^[a-c]{1,3}$/), fc.jsonValue()), { minLength: 2 });
    fc.assert(
      fc.property(events, (batch) => {
        const again = (one: Enveloped): unknown => eventsOf(one.text())[0];
        expect(unwrap(json({ batch })).map(again)).toEqual(JSON.parse(json(batch)));
      }),
    );
  });
});

test('unwrapping never throws and never comes back empty, whatever the body', () => {
  const bodies = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 200 }),
    fc.json(),
    fc.uint8Array().map((bytes) => Buffer.from(bytes).toString('base64')),
    fc.uint8Array().map((bytes) => gzipSync(bytes).toString('base64')),
    fc
      .tuple(fc.nat(300), fc.constantFrom(json({ batch: [track, identify] }), gzipped(json(track))))
      .map(([at, body]) => body.slice(0, at)),
  );
  fc.assert(
    fc.property(bodies, (body) => {
      expect(unwrap(body).length).toBeGreaterThan(0);
    }),
    { numRuns: 2000 },
  );
});

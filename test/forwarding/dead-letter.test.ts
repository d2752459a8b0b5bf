import { gunzipSync } from 'node:zlib';
import fc from 'fast-check';
import type { SQSMessageAttributes, SQSRecord } from 'aws-lambda';
import { writeDeadLetter } from '../../lib/forwarding/dead-letter.ts';
import type { OutgoingMessage } from '../../lib/sqs/message.ts';
import { SQS_LIMITS } from '../../lib/sqs/limits.ts';
import { rejected } from '../../lib/outcome.ts';
import { toRecord } from '../../local/lambda/event-source-mapping.ts';

function record(messageAttributes: SQSMessageAttributes = {}): SQSRecord {
  const received = toRecord(
    { MessageId: 'source-1', Attributes: { ApproximateReceiveCount: '3' } },
    'arn:aws:sqs:us-east-1:1:q',
  );
  return { ...received, messageAttributes };
}

function write(
  text: string,
  messageAttributes: SQSMessageAttributes = {},
  detail = 'why',
): OutgoingMessage | undefined {
  const rejection = rejected('heap_refused', detail, 400);
  return writeDeadLetter({
    record: record(messageAttributes),
    part: 0,
    text: () => text,
    rejection,
    eventMessageId: 'event-1',
    failedAt: 0,
  });
}

function attributes(count: number): SQSMessageAttributes {
  const one = { dataType: 'String' as const, stringValue: 'v', stringListValues: [], binaryListValues: [] };
  return Object.fromEntries(Array.from({ length: count }, (_, index) => [`own-${index}`, one]));
}

const names = (letter: OutgoingMessage | undefined): string[] => Object.keys(letter?.attributes ?? {});

test('all attributes, where there is room', () => {
  const letter = write('body');
  expect(letter).toMatchObject({ body: 'body', deduplicationId: 'source-1-0' });
  expect(letter?.attributes).toEqual({
    reason: { DataType: 'String', StringValue: 'heap_refused' },
    detail: { DataType: 'String', StringValue: 'why' },
    heapStatus: { DataType: 'Number', StringValue: '400' },
    sourceMessageId: { DataType: 'String', StringValue: 'source-1' },
    receiveCount: { DataType: 'Number', StringValue: '3' },
    failedAt: { DataType: 'String', StringValue: '1970-01-01T00:00:00.000Z' },
    eventMessageId: { DataType: 'String', StringValue: 'event-1' },
  });
});

describe('SQS takes ten attributes: those that came survive, ours go from the least telling on', () => {
  // The embedded SQS server does not count attributes, so this limit is ours to keep.
  test.each([
    [3, 7, ['reason', 'detail', 'heapStatus', 'sourceMessageId', 'receiveCount', 'failedAt', 'eventMessageId']],
    [5, 5, ['reason', 'detail', 'heapStatus', 'sourceMessageId', 'receiveCount']],
    [9, 1, ['reason']],
    [10, 1, ['reason']],
  ])('with %i of its own the record leaves room for %i', (own, ours, kept) => {
    const found = names(write('body', attributes(own)));
    expect(found).toHaveLength(Math.min(10, own + ours));
    expect(found.filter((name) => !name.startsWith('own-'))).toEqual(kept);
  });
});

describe('SQS takes 1 MiB of body and attributes together', () => {
  const bodyWithRoomFor = (bytes: number): string => 'x'.repeat(SQS_LIMITS.bytes - bytes);

  test('a long detail is shortened, whatever the room', () => {
    expect(write('body', {}, 'd'.repeat(5000))?.attributes?.['detail']?.StringValue).toHaveLength(1000);
  });

  test('then shortened more, before anything goes', () => {
    const letter = write(bodyWithRoomFor(600), {}, 'd'.repeat(5000));
    expect(names(letter)).toHaveLength(7);
    expect(letter?.attributes?.['detail']?.StringValue).toHaveLength(100);
  });

  test('then our attributes go, the reason last', () => {
    expect(names(write(bodyWithRoomFor(45)))).toEqual(['reason', 'detail']);
    expect(names(write(bodyWithRoomFor(30)))).toEqual(['reason']);
  });

  test('and with no room for the reason there is no letter', () => {
    expect(write(bodyWithRoomFor(10))).toBeUndefined();
  });

  test('an event that unpacked to more than a message may hold is packed again', () => {
    const text = `{"type":"track","text":"${'x'.repeat(2 * SQS_LIMITS.bytes)}"}`;
    expect(gunzipSync(Buffer.from(write(text)?.body ?? '', 'base64')).toString()).toBe(text);
  });

  test('so is one with characters that SQS refuses', () => {
    const text = '{"a":"\uFFFF"}';
    expect(gunzipSync(Buffer.from(write(text)?.body ?? '', 'base64')).toString()).toBe(text);
  });

  test('whatever comes, a letter keeps every limit of SQS and has its reason', () => {
    const anyAttributes = fc.integer({ min: 0, max: 10 }).map(attributes);
    const anyText = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.integer({ min: 0, max: 400 }).map((room) => bodyWithRoomFor(room)),
    );
    fc.assert(
      fc.property(anyText, anyAttributes, fc.string({ unit: 'binary', maxLength: 3000 }), (text, own, detail) => {
        const letter = write(text, own, detail);
        const texts = Object.values(letter?.attributes ?? {}).map(({ StringValue = 'x' }) => StringValue);
        expect(texts.length).toBeLessThanOrEqual(10);
        expect(letter?.bytes ?? 0).toBeLessThanOrEqual(SQS_LIMITS.bytes);
        for (const value of [...texts, letter?.body ?? 'x']) {
          expect(value).toMatch(/^[\t\n\r\u0020-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]+$/u);
        }
        expect(letter === undefined || 'reason' in (letter.attributes ?? {})).toBe(true);
      }),
      { numRuns: 200 },
    );
  });
});

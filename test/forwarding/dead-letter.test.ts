import { gunzipSync } from 'node:zlib';
import fc from 'fast-check';
import type { SQSMessageAttributes, SQSRecord } from 'aws-lambda';
import { deadLettersOf, writeDeadLetter } from '../../lib/forwarding/dead-letter.ts';
import type { OutgoingMessage } from '../../lib/sqs/message.ts';
import { SQS_LIMITS } from '../../lib/sqs/limits.ts';
import { rejected } from '../../lib/outcome.ts';
import { toRecord } from '../../local/lambda/event-source-mapping.ts';
import { DELIVERED, processedOf, REFUSED } from './processed.ts';

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

const names = (deadLetter: OutgoingMessage | undefined): string[] => Object.keys(deadLetter?.attributes ?? {});

test('a dead letter has all attributes where there is room', () => {
  const deadLetter = write('body');
  expect(deadLetter).toMatchObject({ body: 'body', deduplicationId: 'source-1-0' });
  expect(deadLetter?.attributes).toEqual({
    reason: { DataType: 'String', StringValue: 'heap_refused' },
    detail: { DataType: 'String', StringValue: 'why' },
    heapStatus: { DataType: 'Number', StringValue: '400' },
    sourceMessageId: { DataType: 'String', StringValue: 'source-1' },
    receiveCount: { DataType: 'Number', StringValue: '3' },
    failedAt: { DataType: 'String', StringValue: '1970-01-01T00:00:00.000Z' },
    eventMessageId: { DataType: 'String', StringValue: 'event-1' },
  });
});

describe('SQS takes ten attributes: those of the record stay, ours are left out, the least telling first', () => {
  // The embedded SQS server does not count attributes, so this limit is ours to keep.
  test.each([
    [3, 7, ['reason', 'detail', 'heapStatus', 'sourceMessageId', 'receiveCount', 'failedAt', 'eventMessageId']],
    [5, 5, ['reason', 'detail', 'heapStatus', 'sourceMessageId', 'receiveCount']],
    [9, 1, ['reason']],
    [10, 1, ['reason']],
  ])('a record with %i attributes leaves room for %i of ours: %j', (own, ours, kept) => {
    const found = names(write('body', attributes(own)));
    expect(found).toHaveLength(Math.min(10, own + ours));
    expect(found.filter((name) => !name.startsWith('own-'))).toEqual(kept);
  });
});

describe('SQS takes 1 MiB of body and attributes together', () => {
  const bodyWithRoomFor = (bytes: number): string => 'x'.repeat(SQS_LIMITS.bytes - bytes);

  test('a long detail is always shortened', () => {
    expect(write('body', {}, 'd'.repeat(5000))?.attributes?.['detail']?.StringValue).toHaveLength(1000);
  });

  test('it is shortened more before an attribute is left out', () => {
    const deadLetter = write(bodyWithRoomFor(600), {}, 'd'.repeat(5000));
    expect(names(deadLetter)).toHaveLength(7);
    expect(deadLetter?.attributes?.['detail']?.StringValue).toHaveLength(100);
  });

  test('then our attributes are left out, the reason last', () => {
    expect(names(write(bodyWithRoomFor(45)))).toEqual(['reason', 'detail']);
    expect(names(write(bodyWithRoomFor(30)))).toEqual(['reason']);
  });

  test('without room for the reason there is no dead letter', () => {
    expect(write(bodyWithRoomFor(10))).toBeUndefined();
  });

  test('an event that is larger than a message may be, as it came compressed, is compressed again', () => {
    const text = `{"type":"track","text":"${'x'.repeat(2 * SQS_LIMITS.bytes)}"}`;
    expect(gunzipSync(Buffer.from(write(text)?.body ?? '', 'base64')).toString()).toBe(text);
  });

  test('so is an event with characters that SQS refuses', () => {
    const text = '{"a":"\uFFFF"}';
    expect(gunzipSync(Buffer.from(write(text)?.body ?? '', 'base64')).toString()).toBe(text);
  });

  test('whatever comes, a dead letter keeps every limit of SQS and has its reason', () => {
    const anyAttributes = fc.integer({ min: 0, max: 10 }).map(attributes);
    const anyText = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.integer({ min: 0, max: 400 }).map((room) => bodyWithRoomFor(room)),
    );
    fc.assert(
      fc.property(anyText, anyAttributes, fc.string({ unit: 'binary', maxLength: 3000 }), (text, own, detail) => {
        const deadLetter = write(text, own, detail);
        const texts = Object.values(deadLetter?.attributes ?? {}).map(({ StringValue = 'x' }) => StringValue);
        expect(texts.length).toBeLessThanOrEqual(10);
        expect(deadLetter?.bytes ?? 0).toBeLessThanOrEqual(SQS_LIMITS.bytes);
        for (const value of [...texts, deadLetter?.body ?? 'x']) {
          expect(value).toMatch(/^[\t\n\r\u0020-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]+$/u);
        }
        expect(deadLetter === undefined || 'reason' in (deadLetter.attributes ?? {})).toBe(true);
      }),
      { numRuns: 200 },
    );
  });
});

describe('what a dead letter tells', () => {
  const attributesOf = (changes: Partial<Parameters<typeof writeDeadLetter>[0]>) =>
    writeDeadLetter({
      record: record(),
      part: 0,
      text: () => 'body',
      rejection: rejected('heap_refused', 'why', 400),
      eventMessageId: 'event-1',
      failedAt: 0,
      ...changes,
    })?.attributes;

  test('the id of the event is cut at 255 characters, so that a hostile one does not crowd out the rest', () => {
    const valueOf = (eventMessageId: string): string | undefined =>
      attributesOf({ eventMessageId })?.['eventMessageId']?.StringValue;
    expect(valueOf('x'.repeat(255))).toBe('x'.repeat(255));
    expect(valueOf('x'.repeat(100_000))).toBe('x'.repeat(255));
  });

  test.each([[undefined], ['']])('without an id of the event (%j) there is no such attribute', (eventMessageId) => {
    expect(attributesOf({ eventMessageId })).not.toHaveProperty('eventMessageId');
  });

  test('without a detail or a status of Heap there are no such attributes', () => {
    expect(Object.keys(attributesOf({ rejection: rejected('not_json', '') }) ?? {})).toEqual([
      'reason',
      'sourceMessageId',
      'receiveCount',
      'failedAt',
      'eventMessageId',
    ]);
  });

  test('an empty event becomes a blank, since SQS takes no empty message', () => {
    expect(write('')?.body).toBe(' ');
  });

  test('what the sender gave the record stays, binary values included; a former explanation goes', () => {
    const own = { stringListValues: [], binaryListValues: [] };
    const inherited = write('body', {
      tenant: { dataType: 'String', stringValue: 't-1', ...own },
      trace: { dataType: 'Binary', binaryValue: Buffer.from([0, 255]).toString('base64'), ...own },
      reason: { dataType: 'String', stringValue: 'a former reason', ...own },
      heapStatus: { dataType: 'Number', stringValue: '500', ...own },
    })?.attributes;
    expect(inherited).toMatchObject({
      tenant: { DataType: 'String', StringValue: 't-1' },
      trace: { DataType: 'Binary', BinaryValue: Buffer.from([0, 255]) },
      reason: { StringValue: 'heap_refused' },
      heapStatus: { StringValue: '400' },
    });
  });

  test('its size is what SQS counts: body, and names, types and values of attributes', () => {
    const deadLetter = write('bödy');
    const counted = Object.entries(deadLetter?.attributes ?? {}).map(
      ([name, { DataType, StringValue = '' }]) => name + DataType + StringValue,
    );
    expect(deadLetter?.bytes).toBe(Buffer.byteLength('bödy') + counted.join('').length);
  });
});

describe('the dead letters of a record', () => {
  test('are those of its rejected events, each with its own text and deduplication id', () => {
    const processed = processedOf('m', [REFUSED, DELIVERED, REFUSED], { groupId: 'a' });
    expect(deadLettersOf(processed, 0)).toMatchObject([
      { body: 'text of m-0', groupId: 'a', deduplicationId: 'm-0' },
      { body: 'text of m-2', groupId: 'a', deduplicationId: 'm-2' },
    ]);
  });

  test('are none when one of them does not fit: the record goes back as a whole', () => {
    const { record: given, events } = processedOf('m', [REFUSED, REFUSED]);
    const text = (): string => 'x'.repeat(SQS_LIMITS.bytes);
    const [first, second] = events;
    if (first === undefined || second === undefined) throw new Error('two events are needed');
    expect(deadLettersOf({ record: given, events: [first, { ...second, text }] }, 0)).toBeUndefined();
  });

  test.each([
    [1000, 1000, 'Heap answered 400'],
    [1001, 1, '1001 of 1002 events were rejected, the first: Heap answered 400'],
  ])('of %i rejected events are %i: beyond 1000 the record itself is the dead letter', (rejections, count, detail) => {
    const outcomes = [...Array.from({ length: rejections }, () => REFUSED), DELIVERED];
    const deadLetters = deadLettersOf(processedOf('m', outcomes, { body: 'the whole record' }), 0) ?? [];
    expect(deadLetters).toHaveLength(count);
    expect(deadLetters[0]?.attributes?.['detail']?.StringValue).toBe(detail);
    expect(deadLetters[0]?.body).toBe(count === 1 ? 'the whole record' : 'text of m-0');
  });
});

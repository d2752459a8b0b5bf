import { randomBytes } from 'node:crypto';
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

  test('without room for the reason the event is compressed, and has all attributes again', () => {
    const deadLetter = write(bodyWithRoomFor(10));
    expect(names(deadLetter)).toHaveLength(7);
    expect(gunzipSync(Buffer.from(deadLetter?.body ?? '', 'base64')).toString()).toBe(bodyWithRoomFor(10));
  });

  describe('an event that cannot be compressed', () => {
    const noise = randomBytes(SQS_LIMITS.bytes).toString('base64');
    const own = (bytes: number): SQSMessageAttributes => ({
      own: { dataType: 'String', stringValue: 'v'.repeat(bytes), stringListValues: [], binaryListValues: [] },
    });
    const writeAs = (body: string, text: string, messageAttributes = {}) =>
      writeDeadLetter({
        record: { ...record(messageAttributes), body },
        part: 0,
        text: () => text,
        rejection: rejected('heap_refused', 'why', 400),
        eventMessageId: undefined,
        failedAt: 0,
      });

    test('fills a message without its reason: the log of the function has it', () => {
      const body = noise.slice(0, SQS_LIMITS.bytes);
      expect(writeAs(body, body)).toMatchObject({ body, attributes: {}, bytes: SQS_LIMITS.bytes });
    });

    test('keeps the attributes of the sender, which it came with', () => {
      const body = noise.slice(0, SQS_LIMITS.bytes - 100);
      expect(names(writeAs(body, body, own(80)))).toEqual(['own']);
    });

    test('goes as the record that it came in, if that was smaller', () => {
      const received = noise.slice(0, 1000);
      const deadLetter = writeAs(received, noise);
      expect(deadLetter).toMatchObject({ body: received, attributes: { reason: { StringValue: 'heap_refused' } } });
    });

    test('has no dead letter only when SQS cannot have delivered it', () => {
      expect(writeAs(noise, noise)).toBeUndefined();
    });
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
        expect(deadLetter?.attributes).toHaveProperty('reason');
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

  const own = { stringListValues: [], binaryListValues: [] };
  const text = (stringValue: string) => ({ dataType: 'String', stringValue, ...own });

  test('what the sender gave the record stays, binary values included', () => {
    const inherited = write('body', {
      tenant: text('t-1'),
      trace: { dataType: 'Binary', binaryValue: Buffer.from([0, 255]).toString('base64'), ...own },
    })?.attributes;
    expect(inherited).toMatchObject({
      tenant: { DataType: 'String', StringValue: 't-1' },
      trace: { DataType: 'Binary', BinaryValue: Buffer.from([0, 255]) },
    });
  });

  test('an attribute of the sender with one of our names is kept under another name', () => {
    const { attributes: kept = {} } = write('body', { reason: text('signup'), detail: text('own detail') }) ?? {};
    expect(kept).toMatchObject({
      reason: { StringValue: 'heap_refused' },
      detail: { StringValue: 'why' },
      'original.reason': { DataType: 'String', StringValue: 'signup' },
      'original.detail': { DataType: 'String', StringValue: 'own detail' },
    });
    expect(Object.keys(kept)).toHaveLength(9);
  });

  test('the explanation of an earlier failure is replaced, and what was kept then stays', () => {
    const again = write('body', {
      reason: text('retries_exhausted'),
      detail: text('heap_error: Heap answered 503'),
      sourceMessageId: text('source-0'),
      'original.reason': text('signup'),
    });
    expect(again?.attributes).toMatchObject({
      reason: { StringValue: 'heap_refused' },
      detail: { StringValue: 'why' },
      sourceMessageId: { StringValue: 'source-1' },
      'original.reason': { StringValue: 'signup' },
    });
    expect(names(again).filter((name) => name.startsWith('original.'))).toEqual(['original.reason']);
  });

  test('of ten attributes of the sender the last by name gives way to the reason, and never the count of redrives', () => {
    const ten = { ...attributes(9), redrives: { dataType: 'Number', stringValue: '1', ...own } };
    expect(names(write('body', ten))).toEqual([
      'redrives',
      ...Array.from({ length: 8 }, (_, index) => `own-${index}`),
      'reason',
    ]);
  });

  test('the X-Ray trace of the sender stays', () => {
    const traced = (AWSTraceHeader: string) => {
      const given = record();
      const content = { record: { ...given, attributes: { ...given.attributes, AWSTraceHeader } } };
      const rejection = rejected('heap_refused', 'why', 400);
      return writeDeadLetter({ ...content, part: 0, text: () => 'b', rejection, eventMessageId: '', failedAt: 0 });
    };
    const header = 'Root=1-5759e988-bd862e3fe1be46a994272793;Sampled=1';
    expect(traced(header)?.traceHeader).toBe(header);
    expect(traced('')?.traceHeader).toBeUndefined();
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
    const body = randomBytes(SQS_LIMITS.bytes).toString('base64');
    const { record: given, events } = processedOf('m', [REFUSED, REFUSED], { body });
    const text = (): string => body;
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

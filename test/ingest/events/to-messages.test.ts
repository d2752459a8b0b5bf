import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { SHARED_MESSAGE_LIMITS, toMessages } from '../../../lib/ingest/events/to-messages.ts';
import type { OutgoingMessage } from '../../../lib/sqs/message.ts';
import { stampEvent, type StampedEvent } from '../../../lib/ingest/events/stamp.ts';
import type { RudderStackEvent } from '../../../lib/rudderstack/event.ts';
import { SQS_LIMITS } from '../../../lib/sqs/limits.ts';
import { unwrap } from '../../../lib/rudderstack/envelope.ts';

let ids = 0;
function stamped(event: RudderStackEvent): StampedEvent {
  ids += 1;
  return stampEvent(event, { receivedAtMs: 0, sentAt: undefined, requestIp: '::1', newMessageId: () => `m-${ids}` });
}

function pack(events: readonly StampedEvent[], isFifo = false): readonly OutgoingMessage[] {
  const batched = toMessages(events, isFifo);
  expect(batched.tooLarge).toEqual([]);
  return batched.messages;
}

/** What the forwarder makes of a message. */
function eventsIn({ body }: OutgoingMessage): readonly unknown[] {
  return unwrap(body).map((one) => (one.kind === 'event' ? one.event : one.rejection));
}

/** What SQS takes, by its documentation. */
const TAKEN = /^[\t\n\r\u{20}-\u{D7FF}\u{E000}-\u{FFFD}\u{10000}-\u{10FFFF}]*$/u;

test('one event is a message as it is, several share a message', () => {
  const [one, two] = [stamped({ userId: 'a' }), stamped({ userId: 'b' })];
  expect(pack([one]).map(({ body }) => JSON.parse(body))).toEqual([one]);
  expect(pack([one, two]).map(({ body }) => JSON.parse(body))).toEqual([{ batch: [one, two] }]);
});

test('whatever the events, the forwarder finds each once, in order, in messages that SQS takes', () => {
  const event = fc.record({
    userId: fc.constantFrom('a', 'b', 'c'),
    properties: fc.dictionary(
      fc.string({ unit: 'binary', maxLength: 5 }),
      fc.oneof(fc.string({ unit: 'binary' }), fc.double()),
    ),
    padding: fc
      .oneof({ arbitrary: fc.constant(0), weight: 20 }, fc.integer({ min: 0, max: 1_100_000 }))
      .map((length) => 'x'.repeat(length)),
  });
  fc.assert(
    fc.property(fc.array(event, { minLength: 1, maxLength: 60 }), fc.boolean(), (given, isFifo) => {
      // A key named __proto__ is refused by the forwarder, on purpose.
      const events = given.map((one) => stamped(JSON.parse(JSON.stringify(one).replaceAll('__proto__', 'proto'))));
      const messages = pack(events, isFifo);
      for (const { body, bytes } of messages) {
        expect(TAKEN.test(body)).toBe(true);
        expect(Buffer.byteLength(body)).toBe(bytes);
        expect(bytes).toBeLessThanOrEqual(SQS_LIMITS.bytes);
      }
      const expected = isFifo ? [...Map.groupBy(events, ({ userId }) => userId).values()].flat() : events;
      expect(messages.flatMap(eventsIn)).toEqual(expected.map((one) => JSON.parse(JSON.stringify(one))));
    }),
    { numRuns: 60 },
  );
});

test('a message is shared up to a size and a number of events, and there is no more of them than necessary', () => {
  const thousand = Array.from({ length: 1000 }, () => stamped({ userId: 'a', filler: 'x'.repeat(700) }));
  const messages = pack(thousand);
  for (const { bytes } of messages) expect(bytes).toBeLessThanOrEqual(SHARED_MESSAGE_LIMITS.bytes);
  const total = messages.reduce((sum, { bytes }) => sum + bytes, 0);
  expect(messages).toHaveLength(Math.ceil(total / SHARED_MESSAGE_LIMITS.bytes));
  const small = Array.from({ length: SHARED_MESSAGE_LIMITS.items + 1 }, () => stamped({ userId: 'a' }));
  expect(pack(small).map((message) => eventsIn(message).length)).toEqual([SHARED_MESSAGE_LIMITS.items, 1]);
});

test('an event that is larger than SQS allows is compressed, and keeps its place', () => {
  const events = [
    stamped({ userId: 'a' }),
    stamped({ userId: 'a', big: 'x'.repeat(3_000_000) }),
    stamped({ userId: 'a' }),
  ];
  const messages = pack(events);
  expect(messages).toHaveLength(3);
  expect(messages[1]?.bytes).toBeLessThan(10_000);
  expect(messages.flatMap(eventsIn)).toEqual(events);
});

test('an event that is too large even when compressed is named, and the others go on', () => {
  const [first, last] = [stamped({ userId: 'a' }), stamped({ userId: 'b' })];
  const big = stamped({ userId: 'a', messageId: 'the-big-one', big: randomBytes(1_000_000).toString('base64') });
  const { messages, tooLarge } = toMessages([first, big, last], false);
  expect(messages.flatMap(eventsIn)).toEqual([first, last]);
  expect(tooLarge).toEqual([
    {
      index: 1,
      detail: expect.stringMatching(
        /^messageId "the-big-one": 13\d{5} bytes even when compressed, the limit of an SQS message is 1048576$/,
      ),
    },
  ]);
});

test('on a FIFO queue a user’s events share a group, and a second copy has the same deduplication id', () => {
  const events = ['a', 'b', 'a'].map((userId) => stamped({ userId }));
  const first = pack(events, true);
  expect(first.map((message) => eventsIn(message).length)).toEqual([2, 1]);
  expect(new Set(first.map(({ groupId }) => groupId)).size).toBe(2);
  const later = events.map((event) => ({ ...event, receivedAt: '2030-01-01T00:00:00.000Z' }));
  expect(pack(later, true).map(({ deduplicationId }) => deduplicationId)).toEqual(
    first.map(({ deduplicationId }) => deduplicationId),
  );
});

test('on a FIFO queue several events with one messageId have different deduplication ids', () => {
  const contents = [{ event: 'A' }, { event: 'B' }, { event: 'B', properties: { sku: 'a' } }, { type: 'identify' }];
  const found = contents.map((content) => {
    const [message] = pack([{ ...stamped({ userId: 'a', messageId: 'm-1' }), ...content }], true);
    return message?.deduplicationId;
  });
  expect(new Set(found).size).toBe(contents.length);
});

import { randomBytes } from 'node:crypto';
import { gunzipSync } from 'node:zlib';
import { enqueueEvents, type ElementsReception } from '../../../lib/ingest/events/enqueue-events.ts';
import type { EventQueue } from '../../../lib/ingest/events/event-queue.ts';
import { messageIdsOf } from '../../../lib/ingest/events/message-id.ts';
import { readEvents } from '../../../lib/ingest/events/read-events.ts';
import { readPiece } from '../../../lib/sqs/dead-letter.ts';
import { SQS_LIMITS } from '../../../lib/sqs/limits.ts';
import { messageBytes, type OutgoingMessage } from '../../../lib/sqs/message.ts';
import { unwrap } from '../../../lib/rudderstack/envelope.ts';
import { createVirtualTime } from '../../../local/virtual/time.ts';

/** A queue that takes everything, or nothing. */
function queueOf(name: string, order: string[], { isFifo = false, takes = true } = {}) {
  const messages: OutgoingMessage[] = [];
  const queue: EventQueue = {
    isFifo,
    async sendBatch(batch) {
      order.push(name);
      if (takes) messages.push(...batch);
      return batch.map(() =>
        takes ? { kind: 'sent' } : { kind: 'failed', code: 'x', message: 'no', isSenderFault: true },
      );
    },
  };
  return { queue, messages };
}

interface Options {
  readonly isFifo?: boolean;
  readonly takes?: { readonly events?: boolean; readonly deadLetters?: boolean };
  readonly reception?: Partial<ElementsReception>;
}

/** Puts the elements of a batch into two queues, and tells what is in them. */
async function enqueue(body: string, { isFifo = false, takes = {}, reception = {} }: Options = {}) {
  const time = createVirtualTime();
  const { clock } = time;
  const order: string[] = [];
  const events = queueOf('events', order, { isFifo, takes: takes.events ?? true });
  const deadLetters = queueOf('dead letters', order, { isFifo, takes: takes.deadLetters ?? true });
  const read = readEvents({ kind: 'batch', authentication: 'header' }, body);
  if (read.kind === 'refused') throw new Error(read.reason);
  const receivedAtMs = clock.now();
  const taken = await time.run(() =>
    enqueueEvents(
      read.elements,
      {
        receivedAtMs,
        sentAt: read.sentAt,
        requestIp: undefined,
        newMessageId: messageIdsOf(receivedAtMs),
        source: 'web',
        text: read.text,
        deadline: receivedAtMs + 10_000,
        isKeptIfNothingIsUsable: () => false,
        ...reception,
      },
      {
        queue: events.queue,
        deadLetterQueue: deadLetters.queue,
        clock,
        random: () => 0.5,
        onFailure: () => undefined,
      },
    ),
  );
  return {
    taken,
    order,
    events: events.messages,
    deadLetters: deadLetters.messages,
    failedAt: new Date(receivedAtMs).toISOString(),
  };
}

const attributesOf = ({ attributes = {} }: OutgoingMessage): Record<string, string | undefined> =>
  Object.fromEntries(Object.entries(attributes).map(([name, { StringValue }]) => [name, StringValue]));
const eventsIn = (messages: readonly OutgoingMessage[]): readonly unknown[] =>
  messages.flatMap(({ body }) =>
    unwrap(body).map((one) => (one.kind === 'event' ? one.event['event'] : one.rejection)),
  );
const eventOf = (name: string): string => `{"userId":"u","type":"track","event":"${name}"}`;

test('the events are sent first; then each other element is a dead letter with its text and reason', async () => {
  const nobody = '{"messageId":"m-1",  "n":1.50}';
  const { taken, order, events, deadLetters, failedAt } = await enqueue(
    `{"batch":[null,${eventOf('A')},${nobody},{"p":NaN},${eventOf('B')}]}`,
  );
  expect(taken).toEqual({
    kind: 'taken',
    events: 2,
    messages: 1,
    withoutTime: 0,
    rejected: new Map([
      ['no_event', 1],
      ['missing_identity', 1],
      ['not_json', 1],
    ]),
  });
  expect(order).toEqual(['events', 'dead letters']);
  expect(eventsIn(events)).toEqual(['A', 'B']);
  expect(deadLetters.map(({ body }) => body)).toEqual(['null', nobody, '{"p":NaN}']);
  expect(deadLetters.map(attributesOf)).toEqual([
    { reason: 'no_event', detail: 'the event with index 0 is not a JSON object', failedAt, source: 'web' },
    {
      reason: 'missing_identity',
      detail: 'the event with index 2 has no userId and no anonymousId',
      failedAt,
      eventMessageId: 'm-1',
      source: 'web',
    },
    {
      reason: 'not_json',
      detail: 'the event with index 3 is not valid JSON, at position 5 (line 1 column 6) of it',
      failedAt,
      source: 'web',
    },
  ]);
});

test('a request of which nothing can be used is refused with the reason of its first element', async () => {
  const { taken, order } = await enqueue('{"batch":[{"a":1},null]}');
  expect(taken).toEqual({
    kind: 'refused',
    reason: 'missing_identity',
    detail: 'the event with index 0 has no userId and no anonymousId',
  });
  expect(order).toEqual([]);
});

test('or, where nobody reads the answer, all of it becomes dead letters', async () => {
  const { taken, deadLetters } = await enqueue('{"batch":[null,{"a":1}]}', {
    reception: { isKeptIfNothingIsUsable: () => true },
  });
  expect(taken).toMatchObject({ kind: 'taken', events: 0 });
  expect(deadLetters.map(({ body }) => body)).toEqual(['null', '{"a":1}']);
});

test('if either queue does not take everything, the client is asked to send all of it again', async () => {
  const body = `{"batch":[null,${eventOf('A')}]}`;
  const refused = { kind: 'refused', reason: 'queue_unavailable' };
  const withoutEvents = await enqueue(body, { takes: { events: false } });
  expect([withoutEvents.taken, withoutEvents.order]).toEqual([refused, ['events']]);
  expect((await enqueue(body, { takes: { deadLetters: false } })).taken).toEqual(refused);
});

test('more rejected elements than a thousand are one dead letter: the whole body', async () => {
  const body = (bad: number): string => `{"batch":[${'null,'.repeat(bad)}${eventOf('A')}]}`;
  expect((await enqueue(body(1000))).deadLetters).toHaveLength(1000);
  const { taken, deadLetters } = await enqueue(body(1001));
  expect(taken).toMatchObject({ events: 1, rejected: new Map([['no_event', 1001]]) });
  expect(deadLetters.map(({ body: text }) => text)).toEqual([body(1001)]);
  expect(deadLetters.map(attributesOf)).toMatchObject([
    {
      reason: 'no_event',
      detail: '1001 of 1002 events were rejected, the first: the event with index 0 is not a JSON object',
    },
  ]);
});

test('a request is sent in parts, and equal events without an id stay several across them', async () => {
  const batch = Array.from({ length: 12_000 }, () => '{"userId":"u","type":"track","event":"Same"}');
  const { taken, events } = await enqueue(`{"batch":[${batch.join(',')}]}`);
  expect(taken).toMatchObject({ kind: 'taken', events: 12_000 });
  const ids = events.flatMap(({ body }) => unwrap(body).map((one) => one.kind === 'event' && one.event.messageId));
  expect(new Set(ids).size).toBe(12_000);
});

describe('an event that is too large for SQS even when compressed', () => {
  const big = `{"userId":"u","messageId":"big","blob":"${randomBytes(1_700_000).toString('base64')}"}`;
  const body = `{"batch":[${eventOf('A')},${big},${eventOf('B')}]}`;

  test('becomes several dead letters, whose bodies are its text again, one after the other', async () => {
    const { taken, events, deadLetters } = await enqueue(body);
    expect(taken).toMatchObject({ kind: 'taken', events: 2, rejected: new Map([['too_large', 1]]) });
    expect(eventsIn(events)).toEqual(['A', 'B']);
    const attributes = deadLetters.map(attributesOf);
    expect(attributes.map(({ piece }) => piece)).toEqual(['1 of 3', '2 of 3', '3 of 3']);
    expect(new Set(attributes.map(({ pieces }) => pieces)).size).toBe(1);
    for (const one of attributes) {
      expect(one).toMatchObject({
        reason: 'too_large',
        eventMessageId: 'big',
        detail: expect.stringMatching(/^the event with index 1, messageId "big": \d+ bytes even when compressed/),
      });
    }
    for (const one of deadLetters) {
      expect(one.bytes).toBe(messageBytes(one.body, one.attributes));
      expect(one.bytes).toBeLessThanOrEqual(SQS_LIMITS.bytes);
    }
    const joined = deadLetters.map((one) => one.body).join('');
    expect(gunzipSync(Buffer.from(joined, 'base64')).toString()).toBe(big);
  });

  test('has a deduplication id for each piece on a FIFO queue, the same when the request is repeated', async () => {
    const idsOf = async (): Promise<readonly unknown[]> =>
      (await enqueue(body, { isFifo: true })).deadLetters.map(({ deduplicationId }) => deduplicationId);
    const ids = await idsOf();
    expect(new Set(ids).size).toBe(3);
    expect(await idsOf()).toEqual(ids);
  });
});

test('equal elements of one request have several dead letters on a FIFO queue too, of one group', async () => {
  const { deadLetters } = await enqueue(`{"batch":[null,null,${eventOf('A')}]}`, { isFifo: true });
  expect(new Set(deadLetters.map(({ deduplicationId }) => deduplicationId)).size).toBe(2);
  expect(new Set(deadLetters.map(({ groupId }) => groupId)).size).toBe(1);
});

test.each([
  ['2 of 4', 'x', { number: 2, of: 4, id: 'x' }],
  ['2 of 4', undefined, undefined],
  ['0 of 4', 'x', undefined],
  ['two of 4', 'x', undefined],
  [undefined, 'x', undefined],
])('the attributes %j and %j say %j of a piece', (piece, pieces, expected) => {
  expect(readPiece(piece, pieces)).toEqual(expected);
});

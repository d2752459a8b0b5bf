import type { JsonObject } from '../../lib/json.ts';
import { unwrap } from '../../lib/rudderstack/envelope.ts';
import { bodiesByHttp, byHttp, byQueue, type Decision } from '../support/both-ways.ts';
import { messageIdIn } from '../support/idempotency-keys.ts';

/** Straight to the queue and by the HTTP endpoint, an event becomes the same. */
const base = { type: 'track', userId: 'u-1', event: 'A', messageId: 'm-1', originalTimestamp: '2026-11-24T09:00:00Z' };

/** A batch with events that are written as JSON here, so that their numbers are not JavaScript's. */
function batchOf(...events: readonly string[]): string {
  return `{"batch":[${events.join(',')}]}`;
}

function eventWith(changes: JsonObject): string {
  return JSON.stringify({ ...base, ...changes });
}

/** The base event, with members that are written as JSON. */
function rawEvent(members: string): string {
  return `{"type":"track","event":"A","originalTimestamp":"2026-11-24T09:00:00Z",${members}}`;
}

function trackOf(decision: Decision | undefined) {
  if (decision?.kind !== 'mapped' || decision.call.kind !== 'track') throw new Error('the event was not mapped');
  return decision.call.payload;
}

async function both(body: string, config: JsonObject = {}) {
  const [queue, http] = [byQueue(body, config), await byHttp(body, config)];
  return [queue.map(trackOf), http.map(trackOf)] as const;
}

describe('one messageId, several events', () => {
  const three = [
    eventWith({ event: 'Order Completed' }),
    eventWith({ event: 'Product Purchased', properties: { sku: 'a' } }),
    eventWith({ event: 'Product Purchased', properties: { sku: 'b' } }),
  ];

  test('they have a key each, the same by both ways and in every message', async () => {
    const [queue, http] = await both(batchOf(...three));
    const keys = queue.map((event) => event.idempotency_key);
    expect(new Set(keys).size).toBe(3);
    expect(keys.map(messageIdIn)).toEqual(['m-1', 'm-1', 'm-1']);
    expect(http.map((event) => event.idempotency_key)).toEqual(keys);
    expect(three.flatMap((one) => byQueue(one).map((decision) => trackOf(decision).idempotency_key))).toEqual(keys);
  });

  test('with the setting "messageId" they have one', async () => {
    const [queue, http] = await both(batchOf(...three), { idempotencyKey: 'messageId' });
    expect([...queue, ...http].map((event) => event.idempotency_key)).toEqual(Array.from({ length: 6 }, () => 'm-1'));
  });

  test('a copy that RudderStack’s storage has written has the key of the live event', async () => {
    const live = eventWith({ properties: { sku: 'a', price: 12.5, list: [{ b: 1, a: null }], big: 1e21 } });
    const stored =
      '{"anonymousId":"x","channel":"web","context":{"ip":"192.0.2.1"},"event":"A","messageId":"m-1","properties":{"big":1e+21,"list":[{"a":null,"b":1}],"price":12.50,"sku":"a"},"receivedAt":"2026-11-24T09:30:00Z","request_ip":"192.0.2.1","type":"track","userId":"u-1"}';
    const [[first], [second]] = await both(batchOf(live));
    expect(byQueue(stored).map((decision) => trackOf(decision).idempotency_key)).toEqual([first?.idempotency_key]);
    expect(second?.idempotency_key).toBe(first?.idempotency_key);
  });
});

describe('an integer that a double cannot hold', () => {
  test('keeps two users apart', async () => {
    const users = [
      rawEvent('"messageId":"a","userId":9007199254740993'),
      rawEvent('"messageId":"b","userId":9007199254740992'),
    ];
    for (const events of await both(batchOf(...users))) {
      expect(events.map(({ identity }) => identity)).toEqual(['9007199254740993', '9007199254740992']);
    }
  });

  test('keeps its digits in properties, also nested, and good numbers stay numbers', async () => {
    const properties =
      '{"order_id":12345678901234567891,"n":42,"list":[9007199254740993,1],"x":{"y":-9007199254740993},"f":0.1234567890123456789}';
    for (const [event] of await both(batchOf(rawEvent(`"messageId":"a","userId":"u","properties":${properties}`)))) {
      expect(event?.properties).toEqual({
        order_id: '12345678901234567891',
        n: 42,
        'list[0]': '9007199254740993',
        'list[1]': 1,
        'x.y': '-9007199254740993',
        f: 0.123_456_789_012_345_68,
      });
    }
  });

  test('in a messageId keeps two events apart, with the same keys by both ways', async () => {
    const events = [
      rawEvent('"messageId":12345678901234567891,"userId":"u"'),
      rawEvent('"messageId":12345678901234567892,"userId":"u"'),
    ];
    const [queue, http] = await both(batchOf(...events));
    expect(queue.map((event) => messageIdIn(event.idempotency_key))).toEqual([
      '12345678901234567891',
      '12345678901234567892',
    ]);
    expect(http.map((event) => event.idempotency_key)).toEqual(queue.map((event) => event.idempotency_key));
  });

  test('is written into the queue, and into a dead letter, as it came', async () => {
    const event =
      '{"type":"track","event":"","userId":9007199254740993,"messageId":"m","properties":{"id":[12345678901234567891.0]}}';
    const [body = ''] = await bodiesByHttp(batchOf(event));
    for (const text of [body, ...unwrap(body).map((one) => one.text()), ...unwrap(event).map((one) => one.text())]) {
      expect(text).toContain('"userId":9007199254740993,');
      expect(text).toContain('"id":[12345678901234567891.0]');
    }
  });

  test('that stands where an event should is no event', async () => {
    await expect(bodiesByHttp('{"batch":[12345678901234567891]}')).rejects.toThrow('no_event');
    expect(byQueue('{"batch":[12345678901234567891]}')).toMatchObject([{ kind: 'rejected', reason: 'no_event' }]);
  });
});

describe('times', () => {
  test.each<[unknown, string]>([
    ['2026-11-20T09:00:00.000Z', '2026-11-20T09:00:00.000Z'],
    ['2026-11-20T09:00:00', '2026-11-20T09:00:00.000Z'],
    ['2026-11-20 09:00:00', '2026-11-20T09:00:00.000Z'],
    ['2026-11-20 09:00:00.25+02', '2026-11-20T07:00:00.250Z'],
    ['2026-11-20', '2026-11-20T00:00:00.000Z'],
    [1_795_165_200, '2026-11-20T09:00:00.000Z'],
    [1_795_165_200_000, '2026-11-20T09:00:00.000Z'],
    [1_795_165_200_000_000, '2026-11-20T09:00:00.000Z'],
    ['1795165200', '2026-11-20T09:00:00.000Z'],
    ['1795165200000', '2026-11-20T09:00:00.000Z'],
    ['1795165200000000', '2026-11-20T09:00:00.000Z'],
    ['1.7951652E9', '2026-11-20T09:00:00.000Z'],
    ['1.7951652e12', '2026-11-20T09:00:00.000Z'],
    ['Fri, 20 Nov 2026 09:00:00 +0000', '2026-11-20T09:00:00.000Z'],
    // What cannot be read or cannot be true falls back to originalTimestamp.
    ['2026-02-30', '2026-11-24T09:00:00.000Z'],
    ['yesterday', '2026-11-24T09:00:00.000Z'],
    ['1970-01-01T00:00:00Z', '2026-11-24T09:00:00.000Z'],
    ['2026-11-26T00:00:00Z', '2026-11-24T09:00:00.000Z'],
    [null, '2026-11-24T09:00:00.000Z'],
    ['', '2026-11-24T09:00:00.000Z'],
    [{}, '2026-11-24T09:00:00.000Z'],
  ])('%j is %s by both ways', async (timestamp, expected) => {
    for (const [event] of await both(batchOf(eventWith({ timestamp })))) {
      expect(new Date(event?.timestamp ?? 0).toISOString()).toBe(expected);
      expect(event?.timestamp).toMatch(/(?:Z|[+-]\d{2}:?\d{2})$/);
    }
  });

  test('an event without a time that can be read goes to Heap without one, and is counted', () => {
    const decisions = byQueue(batchOf(eventWith({ timestamp: '2026-02-30', originalTimestamp: 'x' }), eventWith({})));
    expect(decisions).toMatchObject([{ cuts: { withoutTime: 1 } }, { cuts: { withoutTime: 0 } }]);
    expect(decisions.map((one) => trackOf(one).timestamp !== undefined)).toEqual([false, true]);
  });
});

describe('ids', () => {
  test.each<[unknown, string]>([
    ['"null"', 'anon'],
    ['\u200B', 'anon'],
    ['\0', 'anon'],
    ['shopify-admin', 'anon'],
    ['{{user.id}}', 'anon'],
    [-1, 'anon'],
    ['null-island', 'null-island'],
    ['u-1\u200B', 'u-1'],
    ['nobody', 'anon'],
  ])('%j is the identity %s by both ways', async (userId, identity) => {
    const body = batchOf(eventWith({ userId, anonymousId: 'anon' }));
    for (const events of await both(body, { placeholderIds: ['nobody'] })) expect(events).toMatchObject([{ identity }]);
  });
});

describe('integrations', () => {
  test.each<[unknown, boolean]>([
    [[], true],
    [null, true],
    [{}, true],
    [['All'], false],
    ['', false],
    [false, false],
  ])('%j is sent to Heap by both ways: %s', async (integrations, isSent) => {
    const body = batchOf(eventWith({ integrations }));
    for (const [decision] of [byQueue(body), await byHttp(body)]) {
      expect(decision).toMatchObject(isSent ? { kind: 'mapped' } : { kind: 'filtered', reason: 'integrations' });
    }
  });
});

describe('names that become one', () => {
  test.each<[JsonObject, number, JsonObject]>([
    [{ 'a.b': 1, a: { b: 2 } }, 1, { 'a.b': 2 }],
    [{ a: { b: 2 }, 'a.b': 1 }, 1, { 'a.b': 1 }],
    [{ 'a[0]': 1, a: [2, 3] }, 1, { 'a[0]': 2, 'a[1]': 3 }],
    [{ '': { a: 1 }, a: 2 }, 1, { a: 2 }],
    [{ a: { b: 1 }, b: { a: 2 } }, 0, { 'a.b': 1, 'b.a': 2 }],
    [{ a: 1 }, 0, { a: 1 }],
  ])('%j: %s are counted', async (properties, namesCollided, expected) => {
    const body = batchOf(eventWith({ properties }));
    for (const [decision] of [byQueue(body), await byHttp(body)]) {
      expect(decision).toMatchObject({ cuts: { namesCollided } });
      expect(trackOf(decision).properties).toEqual(expected);
    }
  });
});

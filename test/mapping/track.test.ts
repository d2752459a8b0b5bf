import type { JsonObject } from '../../lib/json.ts';
import { mapTrack } from '../../lib/mapping/track.ts';
import { messageIdIn } from '../support/idempotency-keys.ts';
import { settingsWith } from '../support/settings.ts';

const event = { type: 'track', event: 'A', userId: 'u', messageId: 'm-1' };

function map(one: JsonObject, config: JsonObject = {}) {
  return mapTrack(one, '1', settingsWith(config), { asItCame: one, arrivedAtMs: undefined });
}

function payloadOf(changes: JsonObject): unknown {
  const mapped = map({ ...event, ...changes });
  return mapped.kind === 'mapped' ? mapped.call.payload : mapped;
}

function keyOf(changes: JsonObject, config: JsonObject = {}): string {
  const mapped = map({ ...event, ...changes }, config);
  if (mapped.kind !== 'mapped' || mapped.call.kind !== 'track') throw new Error('the event was not mapped');
  return mapped.call.payload.idempotency_key;
}

test('an event without properties and times is sent with what Heap needs, and no more', () => {
  expect(payloadOf({ properties: null })).toEqual({
    identity: 'u',
    event: 'A',
    properties: {},
    idempotency_key: expect.stringMatching(/^m-1-[0-9a-v]{12}$/),
  });
});

describe('event name', () => {
  test.each<[unknown, string]>([
    ['Order Completed', 'Order Completed'],
    [' kept as it is ', ' kept as it is '],
    [404, '404'],
    ['x'.repeat(1024), 'x'.repeat(1024)],
    ['x'.repeat(1025), 'x'.repeat(1024)],
  ])('%j', (name, expected) => {
    expect(payloadOf({ event: name })).toMatchObject({ event: expected });
  });

  test.each<[unknown]>([[undefined], [null], [''], ['  '], [0], [true], [{}], [['A']]])(
    '%j is not an event name',
    (name) => {
      expect(payloadOf({ event: name })).toEqual({
        kind: 'rejected',
        reason: 'missing_event',
        detail: 'event is required',
      });
    },
  );

  test('a cut name is counted', () => {
    expect(map({ ...event, event: 'x'.repeat(1025) })).toMatchObject({ cuts: { eventNamesCut: 1 } });
    expect(map(event)).toMatchObject({ cuts: { eventNamesCut: 0 } });
  });

  test('is checked before the identity, as RudderStack does', () => {
    expect(payloadOf({ event: '', userId: '' })).toMatchObject({ reason: 'missing_event' });
  });
});

describe('idempotency key', () => {
  test.each<[string, JsonObject, string]>([
    ['the owner’s key', { properties: { idempotencyKey: 'own-key' } }, 'own-key'],
    ['the owner’s key, trimmed', { properties: { idempotencyKey: ' own-key ' } }, 'own-key'],
    ['a number for a key', { properties: { idempotencyKey: 99 } }, '99'],
    ['an empty key falls back to the message id', { properties: { idempotencyKey: '' } }, 'm-1'],
    ['an object falls back to the message id', { properties: { idempotencyKey: { a: 1 } } }, 'm-1'],
    ['a key within other properties does not count', { properties: { a: { idempotencyKey: 'x' } } }, 'm-1'],
    ['the message id, trimmed', { messageId: ' m-2 ' }, 'm-2'],
    ['the message id without invisible characters', { messageId: '\uFEFFm\u200B-2\0' }, 'm-2'],
    ['a number for a message id', { messageId: 17 }, '17'],
  ])('%s', (_, changes, expected) => {
    expect(messageIdIn(keyOf(changes))).toBe(expected);
    expect(keyOf(changes, { idempotencyKey: 'messageId' })).toBe(expected);
  });

  test('the owner’s key is not changed, whatever the content', () => {
    expect(keyOf({ properties: { idempotencyKey: 'own', n: 1 } })).toBe('own');
    expect(keyOf({ properties: { idempotencyKey: 'own', n: 2 } })).toBe('own');
  });

  test('events with one message id and different contents have different keys', () => {
    const changes: JsonObject[] = [
      { event: 'Order Completed' },
      { event: 'Product Purchased', properties: { sku: 'a' } },
      { event: 'Product Purchased', properties: { sku: 'b' } },
      { event: 'Product Purchased', properties: { SKU: 'a' } },
      { event: 'Product Purchased', properties: { sku: { sku: 'a' } } },
      { event: 'Product Purchased', properties: { sku: ['a'] } },
      { event: 'Product Purchased', properties: { sku: 'a', index: 0 } },
      { event: 'Product Purchased', properties: { sku: 'a', index: 1 } },
      { event: 'Product Purchased', properties: { sku: 'a', index: '1' } },
      { event: 'Product Purchased', properties: { sku: 'a', index: true } },
      { event: 'Product Purchased', properties: { sku: 'a', index: false } },
      { event: 'Product Purchased', properties: { sku: 'a', index: 1.5 } },
    ];
    expect(new Set(changes.map((one) => keyOf(one))).size).toBe(changes.length);
    expect(new Set(changes.map((one) => keyOf(one, { idempotencyKey: 'messageId' }))).size).toBe(1);
  });

  test.each<[string, JsonObject]>([
    [
      'later',
      { timestamp: '2026-01-02T00:00:00Z', sentAt: '2026-01-03T00:00:00Z', receivedAt: '2026-01-03T00:00:00Z' },
    ],
    ['with another context', { context: { ip: '192.0.2.1' }, rudderId: 'r', request_ip: '192.0.2.1' }],
    ['with its keys in another order', { properties: { b: { d: [2, 3], c: 'x' }, a: 1 } }],
    ['with null where there was nothing', { properties: { a: 1, b: { c: 'x', d: [2, 3] }, e: null, f: {}, g: [] } }],
  ])('a copy that was sent %s has the same key', (_, changes) => {
    const properties = { a: 1, b: { c: 'x', d: [2, 3] } };
    expect(keyOf({ properties, ...changes })).toBe(keyOf({ properties }));
  });

  test.each<[unknown]>([[undefined], [null], [{}], [[]]])('%j for properties means none', (properties) => {
    expect(keyOf({ properties })).toBe(keyOf({}));
  });

  test('has the digest of the event as it came, before the mapping has cut anything', () => {
    const long = 'x'.repeat(2000);
    expect(keyOf({ properties: { a: `${long}1` } })).not.toBe(keyOf({ properties: { a: `${long}2` } }));
    expect(keyOf({ event: `${long}1` })).not.toBe(keyOf({ event: `${long}2` }));
    expect(keyOf({ event: 'A ' })).not.toBe(keyOf({ event: 'A' }));
  });

  test('without a message id is the SHA-256 of the content: the same for the same event, another for another', () => {
    const one = { messageId: undefined, properties: { n: 1 } };
    expect(keyOf(one)).toMatch(/^[0-9a-f]{64}$/);
    expect(keyOf({ ...one, context: { a: [1, { b: '\u00e9' }] } })).toBe(
      keyOf({ ...one, context: JSON.parse('{ "a": [1.0, {"b": "\\u00e9"}] }') }),
    );
    expect(keyOf({ ...one, properties: { n: 2 } })).not.toBe(keyOf(one));
  });

  test('of content that is nested too deeply to be hashed cannot be made: the event is rejected', () => {
    const deep: unknown = JSON.parse('['.repeat(10_000) + ']'.repeat(10_000));
    expect(payloadOf({ messageId: undefined, context: { deep } })).toMatchObject({ reason: 'too_deep' });
    expect(payloadOf({ context: { deep } })).toMatchObject({ identity: 'u' });
  });
});

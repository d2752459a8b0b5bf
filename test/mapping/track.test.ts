import type { JsonObject } from '../../lib/json.ts';
import { mapTrack } from '../../lib/mapping/track.ts';

const event = { type: 'track', event: 'A', userId: 'u', messageId: 'm-1' };

function payloadOf(changes: JsonObject): unknown {
  const mapped = mapTrack({ ...event, ...changes }, '1');
  return mapped.kind === 'mapped' ? mapped.call.payload : mapped;
}

function keyOf(changes: JsonObject): string {
  const mapped = mapTrack({ ...event, ...changes }, '1');
  if (mapped.kind !== 'mapped' || mapped.call.kind !== 'track') throw new Error('the event was not mapped');
  return mapped.call.payload.idempotency_key;
}

test('an event without properties and times is sent with what Heap needs, and no more', () => {
  expect(payloadOf({ properties: null })).toEqual({
    identity: 'u',
    event: 'A',
    properties: {},
    idempotency_key: 'm-1',
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
    expect(mapTrack({ ...event, event: 'x'.repeat(1025) }, '1')).toMatchObject({ cuts: { eventNamesCut: 1 } });
    expect(mapTrack(event, '1')).toMatchObject({ cuts: { eventNamesCut: 0 } });
  });

  test('is checked before the identity, as RudderStack does', () => {
    expect(payloadOf({ event: '', userId: '' })).toMatchObject({ reason: 'missing_event' });
  });
});

describe('idempotency key', () => {
  test.each<[string, JsonObject, string]>([
    ['the owner’s key', { properties: { idempotencyKey: 'own-key' } }, 'own-key'],
    ['a number for a key', { properties: { idempotencyKey: 99 } }, '99'],
    ['an empty key falls back to the message id', { properties: { idempotencyKey: '' } }, 'm-1'],
    ['an object falls back to the message id', { properties: { idempotencyKey: { a: 1 } } }, 'm-1'],
    ['a key within other properties does not count', { properties: { a: { idempotencyKey: 'x' } } }, 'm-1'],
    ['the message id, trimmed', { messageId: ' m-2 ' }, 'm-2'],
  ])('%s', (_, changes, expected) => {
    expect(keyOf(changes)).toBe(expected);
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

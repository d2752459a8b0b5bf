import type { JsonObject } from '../../lib/json.ts';
import { mapIdentify } from '../../lib/mapping/identify.ts';

function resultOf(event: JsonObject): unknown {
  const mapped = mapIdentify({ userId: 'u', ...event }, '1');
  return mapped.kind === 'mapped' ? mapped.call.payload.properties : mapped.reason;
}

test.each<[string, JsonObject, unknown]>([
  ['root traits', { traits: { a: 1 } }, { a: 1 }],
  ['context traits', { context: { traits: { a: 1 } } }, { a: 1 }],
  ['root traits win and are not mixed', { traits: { a: 1 }, context: { traits: { a: 2, b: 3 } } }, { a: 1 }],
  ['root traits that set nothing do not hide the others', { traits: {}, context: { traits: { a: 1 } } }, { a: 1 }],
  ['traits that are no object do not either', { traits: 'x', context: { traits: { a: 1 } } }, { a: 1 }],
  ['nested traits', { traits: { address: { city: 'Bonn' }, tags: ['x'] } }, { 'address.city': 'Bonn', 'tags[0]': 'x' }],
  [
    'reserved names are left out',
    { traits: { id: 1, ID: 2, iD: 3, user_id: 4, userId: 5, 'a.id': 6 } },
    { userId: 5, 'a.id': 6 },
  ],
  ['idempotencyKey is left out', { traits: { idempotencyKey: 'k', a: 1 } }, { a: 1 }],
  ['no traits', {}, 'no_traits'],
  ['empty traits', { traits: {}, context: { traits: {} } }, 'no_traits'],
  ['traits of null alone', { traits: { a: null } }, 'no_traits'],
  ['traits of reserved names alone', { traits: { id: 'x' } }, 'no_traits'],
  ['no traits and no identity: nothing to do comes first', { userId: '' }, 'no_traits'],
  ['traits without an identity', { userId: '', traits: { a: 1 } }, 'missing_identity'],
  ['traits that are too deep', { traits: JSON.parse('['.repeat(600) + '1' + ']'.repeat(600)) }, 'too_deep'],
])('%s', (_, event, expected) => {
  expect(resultOf(event)).toEqual(expected);
});

test('reserved names are counted', () => {
  expect(mapIdentify({ userId: 'u', traits: { id: 1, user_id: 2, a: 3 } }, '1')).toMatchObject({
    cuts: { reservedDropped: 2 },
  });
});

test('the event’s time is told, for whoever has to put traits in order', () => {
  const event = { userId: 'u', traits: { a: 1 } };
  expect(mapIdentify({ ...event, originalTimestamp: '2026-11-24T10:00:00Z' }, '1')).toMatchObject({
    call: { timestamp: '2026-11-24T10:00:00Z' },
  });
  expect(mapIdentify(event, '1')).toMatchObject({ call: { timestamp: undefined } });
});

import type { JsonObject } from '../../lib/json.ts';
import { mapIdentify } from '../../lib/mapping/identify.ts';
import { settingsWith } from '../support/settings.ts';

function map(event: JsonObject) {
  return mapIdentify(event, '1', settingsWith(), { asItCame: event, arrivedAtMs: undefined });
}

function resultOf(event: JsonObject): unknown {
  const mapped = map({ userId: 'u', ...event });
  return mapped.kind === 'mapped' ? mapped.call.payload.properties : mapped.reason;
}

test.each<[string, JsonObject, unknown]>([
  ['root traits', { traits: { a: 1 } }, { a: 1 }],
  ['context traits', { context: { traits: { a: 1 } } }, { a: 1 }],
  [
    'root traits win and are not merged with the others',
    { traits: { a: 1 }, context: { traits: { a: 2, b: 3 } } },
    { a: 1 },
  ],
  ['root traits that set nothing do not hide the others', { traits: {}, context: { traits: { a: 1 } } }, { a: 1 }],
  ['nor do traits that are not an object', { traits: 'x', context: { traits: { a: 1 } } }, { a: 1 }],
  ['nested traits', { traits: { address: { city: 'Bonn' }, tags: ['x'] } }, { 'address.city': 'Bonn', 'tags[0]': 'x' }],
  [
    'reserved names are left out',
    { traits: { id: 1, ID: 2, iD: 3, user_id: 4, userId: 5, 'a.id': 6 } },
    { userId: 5, 'a.id': 6 },
  ],
  ['idempotencyKey is left out', { traits: { idempotencyKey: 'k', a: 1 } }, { a: 1 }],
  ['no traits', {}, 'no_traits'],
  ['empty traits', { traits: {}, context: { traits: {} } }, 'no_traits'],
  ['traits with nothing but null', { traits: { a: null } }, 'no_traits'],
  ['traits with nothing but reserved names', { traits: { id: 'x' } }, 'no_traits'],
  ['no traits and no identity: there is nothing to send', { userId: '' }, 'no_traits'],
  ['traits without an identity', { userId: '', traits: { a: 1 } }, 'missing_identity'],
  ['traits that are too deep', { traits: JSON.parse('['.repeat(600) + '1' + ']'.repeat(600)) }, 'too_deep'],
])('%s', (_, event, expected) => {
  expect(resultOf(event)).toEqual(expected);
});

test('reserved names that are left out are counted', () => {
  expect(map({ userId: 'u', traits: { id: 1, user_id: 2, a: 3 } })).toMatchObject({
    cuts: { reservedDropped: 2 },
  });
});

test('the time of the event is passed on, so that traits can be put in order', () => {
  const event = { userId: 'u', traits: { a: 1 } };
  expect(map({ ...event, originalTimestamp: '2026-11-24T10:00:00Z' })).toMatchObject({
    call: { timestamp: '2026-11-24T10:00:00Z' },
  });
  expect(map(event)).toMatchObject({ call: { timestamp: undefined } });
});

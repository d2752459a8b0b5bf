import { decide } from '../../lib/mapping/decide.ts';
import type { JsonObject } from '../../lib/json.ts';
import { settingsWith } from '../support/settings.ts';

/**
 * The cases of RudderStack's own test suite for its Heap destination (rudder-transformer,
 * test/integrations/destinations/heap/processor), told in our words. What is marked "differs" is listed in
 * docs/mapping.md.
 */
const identify = {
  type: 'identify',
  userId: 'sampath',
  channel: 'web',
  context: { source: 'test', app: { name: 'RudderLabs JavaScript SDK' } },
  traits: { anonymousId: '123456', email: 'sampath@gmail.com' },
  messageId: '84e26acc-56a5-4835-8233-591137fca468',
  originalTimestamp: '2019-10-14T09:03:17.562Z',
  anonymousId: 'sampath',
  event: 'Test Event 2',
  integrations: { All: true },
};
const track = {
  type: 'track',
  event: 'Send Transactional Email',
  userId: 'sampath',
  properties: { property1: 1, property2: 'test' },
  messageId: '84e26acc-56a5-4835-8233-591137fca468',
  originalTimestamp: '2019-10-14T09:03:17.562Z',
  timestamp: '2020-10-16T13:40:12.792+05:30',
};

function bodyOf(event: JsonObject, config: JsonObject = {}): unknown {
  const decision = decide(event, settingsWith(config));
  return decision.kind === 'mapped' ? decision.call.payload : decision;
}

test('identify sets the root traits', () => {
  expect(bodyOf(identify)).toEqual({
    identity: 'sampath',
    properties: { anonymousId: '123456', email: 'sampath@gmail.com' },
  });
});

test('a blank user id falls back to the anonymous id', () => {
  expect(bodyOf({ ...identify, userId: '', anonymousId: 'anon' })).toMatchObject({ identity: 'anon' });
});

test('track prefers timestamp to originalTimestamp, and keeps its offset', () => {
  expect(bodyOf(track)).toEqual({
    identity: 'sampath',
    event: 'Send Transactional Email',
    properties: { property1: 1, property2: 'test' },
    timestamp: '2020-10-16T13:40:12.792+05:30',
    // differs: RudderStack sends no key here
    idempotency_key: expect.stringMatching(/^84e26acc-56a5-4835-8233-591137fca468-[0-9a-v]{12}$/),
  });
});

test('properties.idempotencyKey becomes the key and is removed from the properties', () => {
  const properties = { property1: 1, idempotencyKey: '1234' };
  expect(bodyOf({ ...track, properties })).toMatchObject({ idempotency_key: '1234', properties: { property1: 1 } });
});

test('nested properties are flattened', () => {
  const properties = { Location: { City: 'Delhi', State: 'Delhi' }, hobbies: ['music', 'dance'] };
  expect(bodyOf({ ...track, properties })).toMatchObject({
    properties: { 'Location.City': 'Delhi', 'Location.State': 'Delhi', 'hobbies[0]': 'music', 'hobbies[1]': 'dance' },
  });
});

test.each<[string, JsonObject, JsonObject]>([
  [
    'no type',
    { ...track, type: undefined },
    { kind: 'rejected', detail: 'message Type is not present. Aborting message.' },
  ],
  [
    'a page: differs, it is filtered as rudder-server does',
    { ...track, type: 'page' },
    { kind: 'filtered', reason: 'unsupported_type' },
  ],
  [
    'no id at all',
    { ...identify, userId: undefined, anonymousId: undefined },
    { kind: 'rejected', detail: 'userId is required' },
  ],
  ['no event name', { ...track, event: '' }, { kind: 'rejected', detail: 'event is required' }],
  [
    'no traits: differs, there is nothing to send',
    { ...identify, traits: undefined },
    { kind: 'filtered', reason: 'no_traits' },
  ],
])('%s', (_, event, expected) => {
  expect(bodyOf(event)).toMatchObject(expected);
});

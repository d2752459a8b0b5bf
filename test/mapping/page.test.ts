import fc from 'fast-check';
import { decide } from '../../lib/mapping/decide.ts';
import type { HeapEvent } from '../../lib/heap/api.ts';
import { isObject, type JsonObject } from '../../lib/json.ts';
import { settingsWith } from '../support/settings.ts';

const OWN_RULES: JsonObject = { pageEvents: true, screenEvents: true };
const page = { type: 'page', name: 'Pricing', userId: 'u', messageId: 'm-1', timestamp: '2026-11-20T09:00:00Z' };

function map(event: JsonObject, config: JsonObject = OWN_RULES) {
  return decide(event, settingsWith(config));
}

function payloadOf(event: JsonObject, config?: JsonObject): HeapEvent {
  const mapped = map(event, config);
  if (mapped.kind !== 'mapped' || mapped.call.kind !== 'track') throw new Error('no track call');
  return mapped.call.payload;
}

test('a page is the track event that Segment makes of it', () => {
  expect(
    map({ ...page, properties: { url: 'https://shop.example.com/pricing', utm: { source: 'mail' } } }),
  ).toMatchObject({
    kind: 'mapped',
    call: {
      kind: 'track',
      appId: '11',
      payload: {
        identity: 'u',
        event: 'Page viewed',
        properties: { name: 'Pricing', url: 'https://shop.example.com/pricing', 'utm.source': 'mail' },
        timestamp: '2026-11-20T09:00:00Z',
        idempotency_key: expect.stringMatching(/^m-1-[0-9a-v]{12}$/),
      },
    },
  });
});

test.each<[string, JsonObject, string | undefined]>([
  ['a page', { type: 'page' }, 'Page viewed'],
  ['a screen', { type: 'screen' }, 'Screen viewed'],
  ['in another case', { type: ' Page ' }, 'Page viewed'],
  ['a group', { type: 'group' }, undefined],
])('%s: %j', (_, changes, name) => {
  const mapped = map({ ...page, ...changes });
  const payload = mapped.kind === 'mapped' ? mapped.call.payload : {};
  expect('event' in payload ? payload.event : undefined).toBe(name);
});

test.each<[JsonObject, string, string]>([
  [{}, 'page', 'filtered'],
  [{}, 'screen', 'filtered'],
  [{ pageEvents: true }, 'page', 'mapped'],
  [{ pageEvents: true }, 'screen', 'filtered'],
  [{ screenEvents: true }, 'page', 'filtered'],
  [{ screenEvents: true }, 'screen', 'mapped'],
  [{ pageEvents: false, screenEvents: null }, 'page', 'filtered'],
])('with %j a %s is %s', (config, type, kind) => {
  expect(map({ ...page, type }, config).kind).toBe(kind);
});

test.each<[string, JsonObject, JsonObject, number]>([
  ['no name', { name: undefined, properties: { a: 1 } }, { a: 1 }, 0],
  ['a blank name', { name: ' ', properties: { name: 'Own' } }, { name: 'Own' }, 0],
  ['a name that is neither text nor number', { name: { a: 1 } }, {}, 0],
  ['a number', { name: 7 }, { name: 7 }, 0],
  [
    'the same name in the properties, as the Web SDK sends it',
    { properties: { name: 'Pricing' } },
    { name: 'Pricing' },
    0,
  ],
  ['another name in the properties, which is lost and counted', { properties: { name: 'x' } }, { name: 'Pricing' }, 1],
  ['properties of null', { properties: null }, { name: 'Pricing' }, 0],
  ['properties that are a text', { properties: 'abc' }, { name: 'Pricing' }, 0],
])('%s', (_, changes, properties, namesCollided) => {
  expect(map({ ...page, ...changes })).toMatchObject({ cuts: { namesCollided } });
  expect(payloadOf({ ...page, ...changes }).properties).toEqual(properties);
});

test.each<[string, JsonObject, string]>([
  ['nobody', { userId: '', anonymousId: '' }, 'missing_identity'],
  ['a key named __proto__', { properties: JSON.parse('{"__proto__": {"a": 1}}') }, 'forbidden_key'],
])('a page of %s is rejected as a track event is', (_, changes, reason) => {
  expect(map({ ...page, ...changes })).toMatchObject({ kind: 'rejected', reason });
});

describe('the idempotency key', () => {
  const keyOf = (changes: JsonObject, config?: JsonObject): string =>
    payloadOf({ ...page, ...changes }, config).idempotency_key;

  test.each<[string, JsonObject]>([
    ['another name', { name: 'Docs' }],
    ['other properties', { properties: { a: 1 } }],
    ['a screen', { type: 'screen' }],
    ['a track event with the same name', { type: 'track', event: 'Pricing' }],
    [
      'a track event with the name that Heap gets',
      { type: 'track', event: 'Page viewed', properties: { name: 'Pricing' } },
    ],
    ['another messageId', { messageId: 'm-2' }],
  ])('differs for %s', (_, changes) => {
    expect(keyOf(changes)).not.toBe(keyOf({}));
  });

  test.each<[string, JsonObject]>([
    ['another user', { userId: 'v' }],
    ['another time', { timestamp: '2026-11-21T09:00:00Z', sentAt: 'x' }],
    ['another context', { context: { ip: '192.0.2.1' } }],
    ['the type in another case', { type: 'PAGE' }],
  ])('is the same for %s', (_, changes) => {
    expect(keyOf(changes)).toBe(keyOf({}));
  });

  test('follows the setting and the property as for track', () => {
    expect(keyOf({}, { ...OWN_RULES, idempotencyKey: 'messageId' })).toBe('m-1');
    expect(keyOf({ properties: { idempotencyKey: 'own' } })).toBe('own');
    expect(payloadOf({ ...page, properties: { idempotencyKey: 'own' } }).properties).toEqual({ name: 'Pricing' });
    expect(keyOf({ messageId: undefined })).toMatch(/^[0-9a-f]{64}$/);
  });
});

test('a page has the properties of a track event that has its name among them, and the same outcome', () => {
  const scalar = fc.oneof(fc.string(), fc.integer(), fc.constant(null));
  const properties = fc.oneof(fc.dictionary(fc.string(), fc.jsonValue()), scalar);
  fc.assert(
    fc.property(properties, fc.string({ minLength: 1 }), (given, name) => {
      fc.pre(name.trim() !== '');
      const others = isObject(given) ? given : {};
      const viewed = map({ ...page, name, properties: given });
      const tracked = map({ ...page, type: 'track', event: 'A', properties: { ...others, name } });
      const contents = (one: typeof viewed): unknown => (one.kind === 'mapped' ? one.call.payload.properties : one);
      expect(contents(viewed)).toEqual(contents(tracked));
    }),
  );
});

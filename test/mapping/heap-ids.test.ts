import fc from 'fast-check';
import { decide } from '../../lib/mapping/decide.ts';
import { isObject, type JsonObject } from '../../lib/json.ts';
import { unwrap } from '../../lib/rudderstack/envelope.ts';
import { createHeap } from '../../local/heap-simulator/heap.ts';
import { settingsWith } from '../support/settings.ts';

const event = { type: 'track', event: 'Paid', messageId: 'm-1' };
const known = { userId: 'u-1', anonymousId: 'a-1' };
const unknown = { anonymousId: 'a-1' };

function map(changes: JsonObject, config: JsonObject = {}) {
  return decide({ ...event, ...changes }, settingsWith({ pageEvents: true, ...config }));
}

function idsOf(changes: JsonObject, config?: JsonObject): JsonObject | string {
  const mapped = map(changes, config);
  if (mapped.kind !== 'mapped') return mapped.reason;
  const payload: JsonObject = { ...mapped.call.payload };
  const names = ['identity', 'user_id', 'session_id'].filter((name) => name in payload);
  return Object.fromEntries(names.map((name) => [name, payload[name]]));
}

function options(user: unknown, session?: unknown): JsonObject {
  return { integrations: { All: true, 'Heap.io': { user_id: user, session_id: session } } };
}

test.each<[string, JsonObject, JsonObject | string]>([
  ['a known user without options', known, { identity: 'u-1' }],
  ['a known user with a session', { ...known, ...options(undefined, '77') }, { identity: 'u-1', session_id: '77' }],
  [
    'a known user with both: no user_id beside an identity',
    { ...known, ...options('42', '77') },
    { identity: 'u-1', session_id: '77' },
  ],
  ['a user who is known by a trait', { ...unknown, traits: { id: 'u-1' }, ...options('42') }, { identity: 'u-1' }],
  ['somebody unknown', unknown, { identity: 'a-1' }],
  ['somebody unknown with a user_id', { ...unknown, ...options('42') }, { user_id: '42' }],
  ['somebody unknown with both', { ...unknown, ...options('42', '77') }, { user_id: '42', session_id: '77' }],
  [
    'somebody unknown with a session alone',
    { ...unknown, ...options(null, '77') },
    { identity: 'a-1', session_id: '77' },
  ],
  ['an anonymousId that is too long', { anonymousId: 'x'.repeat(256), ...options('42') }, { user_id: '42' }],
  ['no other id at all', options('42'), { user_id: '42' }],
  ['a userId that is too long', { userId: 'x'.repeat(256), ...options('42') }, 'identity_too_long'],
  ['a page', { ...unknown, type: 'page', name: 'Home', ...options('42', '77') }, { user_id: '42', session_id: '77' }],
  [
    'an identify, which has neither',
    { ...known, type: 'identify', traits: { a: 1 }, ...options('42', '77') },
    { identity: 'u-1' },
  ],
  [
    'an identify of somebody unknown',
    { ...unknown, type: 'identify', traits: { a: 1 }, ...options('42') },
    { identity: 'a-1' },
  ],
  ['another name of Heap', { ...unknown, integrations: { Heap: { user_id: '42' } } }, { identity: 'a-1' }],
  ['Heap switched off', { ...unknown, integrations: { 'Heap.io': false } }, 'integrations'],
  ['options that are a list', { ...unknown, integrations: { 'Heap.io': ['42'] } }, { identity: 'a-1' }],
])('%s', (_, changes, expected) => {
  expect(idsOf(changes)).toEqual(expected);
});

test.each<[string, JsonObject, JsonObject | string]>([
  ['with a user_id is not dropped', { ...unknown, ...options('42') }, { user_id: '42' }],
  ['with a user_id that cannot be one is', { ...unknown, ...options('a') }, 'anonymous'],
  ['with a session alone is', { ...unknown, ...options(null, '77') }, 'anonymous'],
])('where anonymous events are dropped, one %s', (_, changes, expected) => {
  expect(idsOf(changes, { anonymousEvents: 'drop' })).toEqual(expected);
});

test.each<[unknown, string | undefined]>([
  ['42', '42'],
  ['0042', '0042'],
  ['9007199254740991', '9007199254740991'],
  [6_839_204_017_283_945, '6839204017283945'],
  ['9007199254740992', undefined],
  ['12345678901234567', undefined],
  ['0', undefined],
  ['000', undefined],
  [0, undefined],
  ['', undefined],
  [' 42', undefined],
  ['-42', undefined],
  ['4.2', undefined],
  ['1e3', undefined],
  ['٤٢', undefined],
  ['6ba7b810-9dad-41d1-80b4-00c04fd430c8', undefined],
  [-42, undefined],
  [4.2, undefined],
  [1e300, undefined],
  [true, undefined],
  [['42'], undefined],
  [{ id: '42' }, undefined],
])('the user_id %j becomes %j, or is counted and left out', (given, id) => {
  const changes = { ...unknown, ...options(given) };
  expect(idsOf(changes)).toEqual(id === undefined ? { identity: 'a-1' } : { user_id: id });
  expect(map(changes)).toMatchObject({ cuts: { heapIdsDropped: id === undefined ? 1 : 0 } });
});

test.each<[unknown, string | undefined]>([
  ['18446744073709551615', '18446744073709551615'],
  ['123456789012345678901', undefined],
  ['session', undefined],
  ['0', undefined],
])('the session_id %j becomes %j, or is counted and left out', (given, id) => {
  const changes = { ...known, ...options(undefined, given) };
  expect(idsOf(changes)).toEqual({ identity: 'u-1', ...(id === undefined ? {} : { session_id: id }) });
  expect(map(changes)).toMatchObject({ cuts: { heapIdsDropped: id === undefined ? 1 : 0 } });
});

test('a number in the body that a double cannot hold keeps its digits', () => {
  const body =
    '{"type":"track","event":"Paid","userId":"u","integrations":{"Heap.io":{"session_id":9007199254740993}}}';
  const [enveloped] = unwrap(body);
  expect(enveloped?.kind === 'event' && idsOf(enveloped.event)).toEqual({
    identity: 'u',
    session_id: '9007199254740993',
  });
});

test('an event without options counts nothing, and the key does not depend on them', () => {
  expect(map(known)).toMatchObject({ cuts: { heapIdsDropped: 0 } });
  expect(map({ ...known, ...options(null, null) })).toMatchObject({ cuts: { heapIdsDropped: 0 } });
  const keyOf = (changes: JsonObject): unknown => {
    const mapped = map(changes);
    return mapped.kind === 'mapped' && mapped.call.kind === 'track' && mapped.call.payload.idempotency_key;
  };
  expect(keyOf({ ...unknown, ...options('42', '77') })).toBe(keyOf(unknown));
});

test('whatever the options are, Heap gets one of identity and user_id, and takes it', () => {
  const any = fc.oneof(fc.jsonValue(), fc.bigInt({ min: 0n, max: 2n ** 70n }).map(String), fc.nat());
  fc.assert(
    fc.property(any, any, fc.boolean(), (user, session, isKnown) => {
      const mapped = map({ ...(isKnown ? known : unknown), ...options(user, session) });
      if (mapped.kind !== 'mapped') throw new Error(mapped.reason);
      const { appId, payload } = mapped.call;
      const { status, body } = createHeap(() => 0).handle('track', JSON.stringify({ app_id: appId, ...payload }));
      expect([status, body]).toEqual([200, 'OK']);
      expect('identity' in payload).not.toBe('user_id' in payload);
      expect(isObject(payload) && isKnown).toBe('identity' in payload && payload.identity === 'u-1');
    }),
  );
});

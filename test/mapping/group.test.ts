import { decide } from '../../lib/mapping/decide.ts';
import type { JsonObject } from '../../lib/json.ts';
import { previewBody } from '../../lib/mapping/preview.ts';
import { settingsWith } from '../support/settings.ts';

const ACCOUNTS = { groupAccounts: true };
const WITH_USERS = { ...ACCOUNTS, accountIdProperty: 'Account ID' };
const group = {
  type: 'group',
  groupId: 'acme',
  userId: 'u',
  messageId: 'm-1',
  timestamp: '2026-11-20T09:00:00Z',
  traits: { plan: 'pro', address: { city: 'Bonn' } },
};

function map(changes: JsonObject, config: JsonObject = ACCOUNTS) {
  return decide({ ...group, ...changes }, settingsWith(config));
}

/** The payloads of the calls, or the reason why there are none. */
function callsOf(changes: JsonObject, config?: JsonObject): unknown {
  const mapped = map(changes, config);
  if (mapped.kind !== 'mapped') return mapped.reason;
  return [mapped.call, ...(mapped.also ?? [])].map(({ payload }) => payload);
}

const acme = { account_id: 'acme', properties: { plan: 'pro', 'address.city': 'Bonn' } };
const member = { identity: 'u', properties: { 'Account ID': 'acme' } };

test('a group is the properties of an account', () => {
  expect(map({})).toMatchObject({
    kind: 'mapped',
    call: { kind: 'add_account_properties', appId: '11', payload: acme, timestamp: '2026-11-20T09:00:00Z' },
  });
  expect(callsOf({})).toEqual([acme]);
});

test('with accountIdProperty it is also a property of the user', () => {
  expect(map({}, WITH_USERS)).toMatchObject({
    call: { kind: 'add_account_properties', appId: '11' },
    also: [{ kind: 'add_user_properties', appId: '11', payload: member, timestamp: '2026-11-20T09:00:00Z' }],
  });
  expect(callsOf({}, WITH_USERS)).toEqual([acme, member]);
});

test('by default it is filtered', () => {
  expect(callsOf({}, {})).toBe('unsupported_type');
  expect(callsOf({}, { groupAccounts: false })).toBe('unsupported_type');
});

describe('the id of the account', () => {
  test.each<[unknown, string]>([
    ['acme', 'acme'],
    [' acme\n', 'acme'],
    [42, '42'],
    ['9007199254740993', '9007199254740993'],
    ['x'.repeat(255), 'x'.repeat(255)],
    ['x'.repeat(256), 'identity_too_long'],
    [undefined, 'missing_group'],
    [null, 'missing_group'],
    ['', 'missing_group'],
    ['null', 'missing_group'],
    ['{{group.id}}', 'missing_group'],
    [0, 'missing_group'],
    [true, 'missing_group'],
    [{ id: 'acme' }, 'missing_group'],
  ])('%j', (groupId, expected) => {
    const properties = { plan: 'pro' };
    const isReason = expected === 'missing_group' || expected === 'identity_too_long';
    expect(callsOf({ groupId, traits: properties })).toEqual(
      isReason ? expected : [{ account_id: expected, properties }],
    );
  });

  test('that is a placeholder of the owner is missing', () => {
    expect(callsOf({ groupId: 'Internal' }, { ...ACCOUNTS, placeholderIds: ['internal'] })).toBe('missing_group');
  });

  test('that is missing or too long is rejected with what is wrong', () => {
    expect(map({ groupId: '' })).toEqual({ kind: 'rejected', reason: 'missing_group', detail: 'groupId is required' });
    expect(map({ groupId: 'x'.repeat(2000) })).toEqual({
      kind: 'rejected',
      reason: 'identity_too_long',
      detail: 'groupId has 2000 characters, Heap takes 255 at most',
    });
  });
});

test.each<[string, JsonObject, unknown, unknown]>([
  ['no traits', { traits: {} }, 'no_traits', [member]],
  ['traits of the user alone', { traits: undefined, context: { traits: { plan: 'x' } } }, 'no_traits', [member]],
  [
    'names that are reserved for users',
    { traits: { id: 7 } },
    [{ account_id: 'acme', properties: { id: 7 } }],
    [{ account_id: 'acme', properties: { id: 7 } }, member],
  ],
  ['nobody', { userId: '' }, [acme], 'missing_identity'],
  ['a userId that is too long', { userId: 'x'.repeat(256) }, [acme], 'identity_too_long'],
  ['an anonymous user', { userId: '', anonymousId: 'a' }, [acme], [acme, { ...member, identity: 'a' }]],
  ['a forbidden key', { traits: JSON.parse('{"__proto__": 1}') }, 'forbidden_key', 'forbidden_key'],
])('%s, without and with accountIdProperty', (_, changes, without, withUsers) => {
  expect(callsOf(changes)).toEqual(without);
  expect(callsOf(changes, WITH_USERS)).toEqual(withUsers);
});

const anonymous = { userId: '', anonymousId: 'a' };
const fromWebSdk = { channel: 'web', context: { library: { name: 'RudderLabs JavaScript SDK' } } };
test.each<[string, JsonObject, JsonObject, unknown]>([
  ['anonymous people dropped: the account is set all the same', anonymous, { anonymousEvents: 'drop' }, [acme]],
  ['and nothing else to set', { ...anonymous, traits: {} }, { anonymousEvents: 'drop' }, 'anonymous'],
  ['a known user', {}, { anonymousEvents: 'drop' }, [acme, member]],
  ['a browser in device mode', fromWebSdk, { useNativeSDK: { web: true } }, [acme, member]],
  [
    'a browser in device mode, where an anonymous user is one of Heap’s own',
    { ...fromWebSdk, ...anonymous },
    { useNativeSDK: { web: true } },
    [acme],
  ],
])('%s', (_, changes, config, expected) => {
  expect(callsOf(changes, { ...WITH_USERS, ...config })).toEqual(expected);
});

test('what of the traits does not reach Heap is counted', () => {
  expect(map({ traits: { a: 'x'.repeat(2000) } })).toMatchObject({ cuts: { textsCut: 1, reservedDropped: 0 } });
});

test('the preview shows both calls', () => {
  expect(previewBody(JSON.stringify(group), { appId: '11', dataResidency: 'eu', ...WITH_USERS })).toEqual({
    kind: 'deliver',
    endpoint: 'https://c.eu.heap-api.com/api/add_account_properties',
    body: { app_id: '11', ...acme },
    also: { endpoint: 'https://c.eu.heap-api.com/api/add_user_properties', body: { app_id: '11', ...member } },
  });
});

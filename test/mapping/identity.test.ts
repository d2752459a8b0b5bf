import fc from 'fast-check';
import type { JsonObject } from '../../lib/json.ts';
import { decide } from '../../lib/mapping/decide.ts';
import { readIdentity } from '../../lib/mapping/identity.ts';
import { settingsWith } from '../support/settings.ts';

const SETTINGS = settingsWith();

function identityOf(event: JsonObject, config: JsonObject = {}): string {
  const read = readIdentity(event, settingsWith(config));
  return read.kind === 'identity' ? read.identity : read.reason;
}

const everywhere = {
  userId: '1',
  traits: { userId: '2', id: '3' },
  context: { traits: { userId: '4', id: '5' } },
  anonymousId: '6',
};

test('an id is looked for in RudderStack’s order of places', () => {
  const { userId: _1, ...from2 } = everywhere;
  const from3 = { ...from2, traits: { id: '3' } };
  const { traits: _3, ...from4 } = from3;
  const from5 = { ...from4, context: { traits: { id: '5' } } };
  const { context: _5, ...from6 } = from5;
  expect([everywhere, from2, from3, from4, from5, from6, {}].map((event) => identityOf(event))).toEqual([
    '1',
    '2',
    '3',
    '4',
    '5',
    '6',
    'missing_identity',
  ]);
});

test.each<[unknown, string]>([
  ['Ada', 'Ada'],
  ['  Ada \n', 'Ada'],
  [42, '42'],
  [1.5, '1.5'],
  [-7, '-7'],
  ['00', '00'],
  ['Guest 7', 'Guest 7'],
  ['x'.repeat(255), 'x'.repeat(255)],
])('%j is an id', (userId, expected) => {
  expect(identityOf({ userId, anonymousId: 'anon' })).toBe(expected);
});

test.each<[unknown]>([
  [undefined],
  [null],
  [''],
  ['  '],
  [true],
  [false],
  [{}],
  [{ id: 1 }],
  [[]],
  [['x']],
  [0],
  ['0'],
  [' 0 '],
  [-0],
  ['undefined'],
  ['NULL'],
  ['None'],
  ['nil'],
  ['NaN'],
  ['false'],
  ['True'],
  ['guest'],
  ['Anonymous'],
  ['unknown'],
  ['user'],
  ['[object Object]'],
  [Infinity],
])('%j is not an id: the event falls back to the next place', (userId) => {
  expect(identityOf({ userId, anonymousId: 'anon' })).toBe('anon');
});

test('an id that is too long is rejected, not replaced by another', () => {
  expect(readIdentity({ userId: 'x'.repeat(256), anonymousId: 'anon' }, SETTINGS)).toEqual({
    kind: 'rejected',
    reason: 'identity_too_long',
    detail: 'userId has 256 characters, Heap takes 255 at most',
  });
});

test.each<[string, JsonObject, string, string]>([
  ['nobody but an anonymousId', { anonymousId: 'anon' }, 'anon', 'anonymous'],
  ['a userId that is a placeholder', { userId: 'guest', anonymousId: 'anon' }, 'anon', 'anonymous'],
  ['an anonymousId that is too long', { anonymousId: 'x'.repeat(256) }, 'identity_too_long', 'anonymous'],
  ['nobody at all', { anonymousId: 'null' }, 'missing_identity', 'missing_identity'],
  ['a known user', { userId: 'u', anonymousId: 'anon' }, 'u', 'u'],
  ['a user who is known by a trait', { context: { traits: { id: 'u' } }, anonymousId: 'anon' }, 'u', 'u'],
  ['a userId that is too long', { userId: 'x'.repeat(256) }, 'identity_too_long', 'identity_too_long'],
])('%s, with anonymousEvents "identity" and "drop"', (_, event, withIdentity, withDrop) => {
  expect(identityOf(event)).toBe(withIdentity);
  expect(identityOf(event, { anonymousEvents: 'identity' })).toBe(withIdentity);
  expect(identityOf(event, { anonymousEvents: 'drop' })).toBe(withDrop);
});

test.each(['identify', 'track', 'page', 'screen'])(
  'a %s of somebody unknown is filtered where the owner says so',
  (type) => {
    const event = { type, event: 'A', name: 'Home', traits: { plan: 'pro' }, anonymousId: 'anon', messageId: 'm' };
    const config = { pageEvents: true, screenEvents: true };
    expect(decide(event, settingsWith(config)).kind).toBe('mapped');
    const outcome = { kind: 'filtered', reason: 'anonymous' };
    expect(decide(event, settingsWith({ ...config, anonymousEvents: 'drop' }))).toEqual(outcome);
  },
);

test('whatever an event holds, an identity is a trimmed string of 1 to 255 characters', () => {
  const id = fc.oneof(fc.string({ maxLength: 300 }), fc.jsonValue(), fc.double());
  const event = fc.record(
    {
      userId: id,
      anonymousId: id,
      traits: fc.record({ id }),
      context: fc.record({ traits: fc.record({ userId: id }) }),
    },
    { requiredKeys: [] },
  );
  fc.assert(
    fc.property(event, (any) => {
      const read = readIdentity(any, SETTINGS);
      const identity = read.kind === 'identity' ? read.identity : 'none';
      expect(identity).toBe(identity.trim());
      expect(identity).toMatch(/^[^]{1,255}$/);
    }),
  );
});

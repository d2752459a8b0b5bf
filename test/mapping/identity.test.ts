import fc from 'fast-check';
import type { JsonObject } from '../../lib/json.ts';
import { readIdentity } from '../../lib/mapping/identity.ts';

function identityOf(event: JsonObject): string {
  const read = readIdentity(event);
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
  expect([everywhere, from2, from3, from4, from5, from6, {}].map(identityOf)).toEqual([
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
  expect(readIdentity({ userId: 'x'.repeat(256), anonymousId: 'anon' })).toEqual({
    kind: 'rejected',
    reason: 'identity_too_long',
    detail: 'userId has 256 characters, Heap takes 255 at most',
  });
});

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
      const read = readIdentity(any);
      const identity = read.kind === 'identity' ? read.identity : 'none';
      expect(identity).toBe(identity.trim());
      expect(identity).toMatch(/^[^]{1,255}$/);
    }),
  );
});

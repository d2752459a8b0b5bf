import fc from 'fast-check';
import { cutText, flatten } from '../../lib/mapping/flatten.ts';

function flat(root: unknown): unknown {
  const result = flatten(root);
  return result.kind === 'flat' ? result.properties : result.reason;
}

describe('shapes', () => {
  test.each<[string, unknown, unknown]>([
    ['scalars', { a: 1, b: 'x', c: true, d: false, e: '' }, { a: 1, b: 'x', c: true, d: false, e: '' }],
    ['objects', { a: { b: { c: 1 } } }, { 'a.b.c': 1 }],
    ['arrays', { a: [1, [2, 3]], b: [{ c: [{ d: 4 }] }] }, { 'a[0]': 1, 'a[1][0]': 2, 'a[1][1]': 3, 'b[0].c[0].d': 4 }],
    ['an array at the root', [1, { a: 2 }], { '[0]': 1, '[1].a': 2 }],
    ['dots and brackets in keys are not escaped, the last wins', { 'a.b': 1, a: { b: 2 } }, { 'a.b': 2 }],
    ['an empty key in between', { '': { x: 1 }, a: { '': 2 } }, { x: 1, 'a.': 2 }],
    ['null leaves are left out', { a: null, b: { c: null }, d: [null, 1] }, { 'd[1]': 1 }],
    ['empty objects and arrays are left out', { a: {}, b: [], c: { d: [{}] } }, {}],
    ['an empty name at the root is left out', { '': 1 }, {}],
    ['a number that is not finite is left out', { a: Infinity, b: -Infinity, c: NaN }, {}],
    [
      'idempotencyKey at the root is left out',
      { idempotencyKey: 'k', a: { idempotencyKey: 'n' } },
      { 'a.idempotencyKey': 'n' },
    ],
    [
      'names that JavaScript itself uses are ordinary',
      { constructor: 1, toString: 'x', hasOwnProperty: true },
      { constructor: 1, toString: 'x', hasOwnProperty: true },
    ],
    ['no properties: undefined', undefined, {}],
    ['no properties: null', null, {}],
    ['no properties: a string', 'x', {}],
    ['no properties: a number', 5, {}],
    ['no properties: false', false, {}],
    ['no properties: an empty array', [], {}],
  ])('%s', (_, root, expected) => {
    expect(flat(root)).toEqual(expected);
  });
});

describe('hostile properties are rejected', () => {
  test.each([
    ['a __proto__ key with an object', '{"a":{"__proto__":{"admin":true}}}', 'forbidden_key'],
    ['a __proto__ key with a scalar', '{"__proto__":1}', 'forbidden_key'],
    ['10,000 levels of objects', '{"a":'.repeat(10_000) + '1' + '}'.repeat(10_000), 'too_deep'],
    ['10,000 levels of arrays', '['.repeat(10_000) + '1' + ']'.repeat(10_000), 'too_deep'],
  ])('%s', (_, json, reason) => {
    expect(flat(JSON.parse(json))).toBe(reason);
    expect(Object.hasOwn(Object.prototype, 'admin')).toBe(false);
  });

  test('300 levels are allowed, as in RudderStack', () => {
    const deep: unknown = JSON.parse('{"":'.repeat(299) + '{"a":1}' + '}'.repeat(299));
    expect(flat(deep)).toEqual({ a: 1 });
  });
});

describe('Heap’s lengths are kept and each cut is counted', () => {
  test('strings', () => {
    const result = flatten({ fits: 'x'.repeat(1023), long: 'x'.repeat(1024) });
    expect(result).toMatchObject({
      properties: { fits: 'x'.repeat(1023), long: 'x'.repeat(1023) },
      cuts: { textsCut: 1, keysDropped: 0 },
    });
  });

  test('flat keys', () => {
    const result = flatten({ ['k'.repeat(512)]: 1, ['k'.repeat(513)]: 2, a: { ['k'.repeat(511)]: 3 } });
    expect(result).toMatchObject({ properties: { ['k'.repeat(512)]: 1 }, cuts: { keysDropped: 2 } });
  });

  test('a string is not cut through a surrogate pair', () => {
    expect(cutText('ab😀', 3)).toBe('ab');
    expect(cutText('ab😀', 4)).toBe('ab😀');
  });
});

test('whatever the properties, Heap gets scalars under names of 1 to 512 characters, and nothing that JSON cannot express', () => {
  const names = fc.oneof(fc.string({ maxLength: 10 }), fc.string({ minLength: 300, maxLength: 600 }));
  const values = fc.oneof(
    fc.string(),
    fc.string({ minLength: 1000, maxLength: 1100 }),
    fc.double(),
    fc.boolean(),
    fc.constant(null),
  );
  const trees = fc.object({ key: names, values: [values], maxDepth: 4 });
  fc.assert(
    fc.property(trees, (tree) => {
      const result = flatten(tree);
      const properties = result.kind === 'flat' ? result.properties : {};
      for (const [name, value] of Object.entries(properties)) {
        expect(name).toMatch(/^[^]{1,512}$/);
        expect(['string', 'number', 'boolean']).toContain(typeof value);
        expect(String(value).length).toBeLessThanOrEqual(1023);
      }
      const json = JSON.stringify(properties);
      expect(JSON.stringify(JSON.parse(json))).toBe(json);
      expect(result.kind === 'flat' || result.reason === 'forbidden_key').toBe(true);
    }),
  );
});

import fc from 'fast-check';
import { cutText, flatten, NO_CUTS } from '../../lib/mapping/flatten.ts';
import { EVENT_LIMITS } from '../../lib/work-limits.ts';

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

  test('of everything below a key that is too long, each value is counted', () => {
    const below = { a: 1, b: [1, null, { c: 'x' }], d: {}, e: [] };
    const result = flatten({ ['k'.repeat(513)]: below, ['k'.repeat(510)]: [1, { a: 2 }], x: 1 });
    expect(result).toMatchObject({ properties: { x: 1 }, cuts: { keysDropped: 5 } });
  });

  test('below a key that is too long the other rules hold', () => {
    const key = 'k'.repeat(600);
    const deep: unknown = JSON.parse(`{"${key}":${'['.repeat(600)}${']'.repeat(600)}}`);
    expect(flat(deep)).toBe('too_deep');
    expect(flat(JSON.parse(`{"${key}":[{"__proto__":1}]}`))).toBe('forbidden_key');
  });

  test('a key that is too long is not touched again for each value below it', () => {
    const asked: string[] = [];
    const root = { ['k'.repeat(100_000)]: Array.from({ length: 1000 }, () => 1), short: 1 };
    const result = flatten(root, (name) => asked.push(name) === 0);
    expect(asked).toEqual(['short']);
    expect(result).toMatchObject({ properties: { short: 1 }, cuts: { keysDropped: 1000 } });
  });

  test('and events of which nothing is cut share their counts', () => {
    const [first, second] = [flatten({ a: { b: 'x' } }), flatten({ ['k'.repeat(513)]: 1 })];
    expect(first).toMatchObject({ kind: 'flat', properties: { 'a.b': 'x' } });
    expect(first.kind === 'flat' && first.cuts).toBe(NO_CUTS);
    expect(second).toMatchObject({ cuts: { ...NO_CUTS, keysDropped: 1 } });
    expect(Object.values(NO_CUTS)).toEqual([0, 0, 0, 0, 0, 0, 0]);
  });

  test('a string is not cut through a surrogate pair', () => {
    expect(cutText('ab😀', 3)).toBe('ab');
    expect(cutText('ab😀', 4)).toBe('ab😀');
  });
});

describe('an event has limits, and beyond one it is rejected', () => {
  const ofCount = (count: number): unknown => Array.from({ length: count }, () => 1);
  /** Flattens to this many characters: each value has a key of 512 characters. */
  const ofCharacters = (count: number): Record<string, unknown> => {
    const keys = Math.floor(count / 512);
    const rest = count - keys * 512;
    const name = (index: number): string => String(index).padStart(512, 'k');
    const entries = Array.from({ length: keys }, (_, index): [string, unknown] => [name(index), 1]);
    return Object.fromEntries(rest === 0 ? entries : [...entries, ['r'.repeat(rest), 1]]);
  };

  test.each<[string, unknown, string]>([
    ['properties below the limit', ofCount(EVENT_LIMITS.properties - 1), 'flat'],
    ['properties at the limit', ofCount(EVENT_LIMITS.properties), 'flat'],
    [
      'properties above the limit',
      ofCount(EVENT_LIMITS.properties + 1),
      'too_large: the event has more than 10000 properties',
    ],
    ['characters below the limit', ofCharacters(EVENT_LIMITS.characters - 1), 'flat'],
    ['characters at the limit', ofCharacters(EVENT_LIMITS.characters), 'flat'],
    [
      'characters above the limit',
      ofCharacters(EVENT_LIMITS.characters + 1),
      'too_large: the event has more than 1048576 characters in its flattened properties',
    ],
    ['any number of values that are left out', Array.from({ length: 500_000 }, () => null), 'flat'],
  ])('%s', (_, root, expected) => {
    const result = flatten(root);
    expect(result.kind === 'rejected' ? `${result.reason}: ${result.detail}` : 'flat').toBe(expected);
  });

  test('the characters of keys and texts are counted, as they are sent', () => {
    expect(flatten({ a: 'xyz', b: { c: 1 }, d: 'x'.repeat(2000), e: null })).toMatchObject({
      characters: 4 + 3 + 1024,
    });
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

import fc from 'fast-check';
import { OUTPUT_LIMITS } from '../../lib/transformation/limits.ts';
import { plainCopy, roomForOutputs } from '../../lib/transformation/plain-copy.ts';

const copyOf = (value: unknown): unknown => plainCopy(value, roomForOutputs());

test('every JSON value is copied as JSON would copy it', () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      expect(JSON.stringify(copyOf(value))).toBe(JSON.stringify(value));
    }),
  );
});

test.each<[string, unknown]>([
  ['a date', { at: new Date(0) }],
  ['a date that is none', { at: new Date(Number.NaN) }],
  ['a number that is not finite', { a: Number.NaN, b: [Infinity] }],
  ['minus zero', { a: -0 }],
  ['undefined, a function, a symbol', { a: undefined, b: () => 1, c: Symbol('c'), d: [undefined, () => 1] }],
  ['a map, a set', { a: new Map([[1, 2]]), b: new Set([1]) }],
  ['an object with a class', { a: new URL('https://example.com/') }],
  ['an object without a prototype', Object.assign(Object.create(null), { a: 1 })],
  ['toJSON, with its key', { a: { toJSON: (key: string) => ({ key }) } }],
  ['toJSON that leaves the value out', { a: { toJSON: () => undefined }, b: [{ toJSON: () => undefined }] }],
  ['toJSON that gives an object with toJSON', { a: { toJSON: () => ({ b: 1, toJSON: () => 2 }) } }],
  ['toJSON that gives a date', { a: { toJSON: () => new Date(0) } }],
  ['objects of texts, numbers and booleans', { a: Object('x'), b: Object(1), c: Object(false), d: Object(Number.NaN) }],
  ['a getter', Object.defineProperty({}, 'a', { get: () => 7, enumerable: true })],
  ['a member that cannot be enumerated', Object.defineProperty({ a: 1 }, 'b', { value: 2 })],
  ['a proxy', new Proxy({ a: 1 }, {})],
  ['a list with holes', Object.assign([], { length: 2, 0: 1 })],
  ['a list with a name of its own', Object.assign([1], { a: 2 })],
])('%s: as JSON would', (_, value) => {
  expect(copyOf(value)).toEqual(JSON.parse(JSON.stringify(value)));
});

test('unlike in JSON, a BigInt is its digits', () => {
  expect(copyOf({ id: 9_007_199_254_740_993n })).toEqual({ id: '9007199254740993' });
});

test('the copy shares nothing with the value', () => {
  const value = { a: { b: [{ c: 1 }] } };
  const copy = copyOf(value);
  value.a.b.push({ c: 2 });
  expect(copy).toEqual({ a: { b: [{ c: 1 }] } });
});

test('a member named __proto__ does not become the prototype', () => {
  const copy: unknown = copyOf(JSON.parse('{"__proto__":{"isAdmin":true}}'));
  expect(Object.getPrototypeOf(copy)).toBe(Object.prototype);
  expect(JSON.stringify(copy)).toBe('{"__proto__":{"isAdmin":true}}');
});

describe('what is too much is refused', () => {
  const itself: Record<string, unknown> = {};
  itself['again'] = { itself };
  const listOfItself: unknown[] = [];
  listOfItself.push(listOfItself);
  const forever = { toJSON: (): unknown => ({ again: forever }) };
  let nested: unknown = 1;
  for (let depth = 0; depth <= OUTPUT_LIMITS.depth; depth += 1) nested = [nested];
  /** 2 to the power of 40 values, in 40 objects. */
  let shared: unknown = 1;
  for (let depth = 0; depth < 40; depth += 1) shared = [shared, shared];

  test.each<[string, unknown, RegExp]>([
    ['an object that holds itself', itself, /levels of objects, or an object that holds itself/],
    ['a list that holds itself', listOfItself, /levels of objects/],
    ['toJSON without an end', forever, /levels of objects/],
    ['deep nesting', nested, /more than 501 levels/],
    ['many values', Array.from({ length: OUTPUT_LIMITS.values }, () => 0), /more than 100000 values/],
    ['few values that are held often', shared, /more than 100000 values/],
    ['a long text', 'x'.repeat(OUTPUT_LIMITS.characters + 1), /more than 4194304 characters/],
    ['a long text that is held often', Array.from({ length: 9 }, () => 'x'.repeat(500_000)), /characters/],
    ['long keys', Object.fromEntries(['a', 'b', 'c'].map((key) => [key.repeat(1_500_000), 1])), /characters/],
    ['bytes', { file: Buffer.alloc(100_000_000) }, /binary data/],
  ])('%s', (_, value, words) => {
    expect(() => copyOf(value)).toThrow(words);
  });

  test('all values that are copied with one room share it', () => {
    const room = roomForOutputs();
    const half = Array.from({ length: OUTPUT_LIMITS.values / 2 - 1 }, () => 0);
    plainCopy(half, room);
    plainCopy(half, room);
    expect(() => plainCopy(1, room)).toThrow('more than 100000 values');
  });
});

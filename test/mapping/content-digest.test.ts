import fc from 'fast-check';
import { digestContent } from '../../lib/mapping/content-digest.ts';

/** A changed digest gives events that are on their way another key, so that they count twice. */
test.each<[unknown, unknown, string]>([
  ['Order Completed', undefined, '7358io844b3k'],
  ['Product Purchased', { sku: 'a' }, '7dfe568htja3'],
  ['Product Purchased', { sku: 'b' }, '5fb1e1t3r9dd'],
  ['Größe 🚀', { ключ: [1, -2, 1.5, 1e300, true, false, { a: '' }] }, '3p7a0uuk0746'],
  [404, { n: 2147483648, m: -1 }, 'ro4gc7qapaj1'],
  ['', {}, '6aui4ue47h9a'],
])('the digest of %j with %j is for ever %s', (name, properties, expected) => {
  expect(digestContent(name, properties)).toBe(expected);
});

test('the digest survives what other programs do to JSON', () => {
  const properties = fc.dictionary(fc.string(), fc.jsonValue());
  fc.assert(
    fc.property(fc.string(), properties, (name, given) => {
      const sorted: unknown = JSON.parse(JSON.stringify(given, (_, value: unknown) => sortKeys(value)));
      expect(digestContent(name, sorted)).toBe(digestContent(name, given));
      expect(digestContent(name, given)).toMatch(/^[0-9a-v]{12}$/);
    }),
  );
});

test('a different text, number or place gives a different digest', () => {
  const leaf = fc.oneof(fc.string(), fc.integer(), fc.double({ noNaN: true, noDefaultInfinity: true }), fc.boolean());
  const distinct = { selector: (one: unknown) => JSON.stringify(one) };
  const value = fc.oneof(leaf, fc.tuple(leaf), fc.record({ x: leaf }));
  fc.assert(
    fc.property(
      fc.uniqueArray(value, { ...distinct, minLength: 2 }),
      fc.uniqueArray(fc.string(), { minLength: 2 }),
      (values, keys) => {
        const ofValues = values.map((one) => digestContent('A', { key: one }));
        const ofKeys = keys.map((key) => digestContent('A', { [key]: values[0] }));
        expect([new Set(ofValues).size, new Set(ofKeys).size]).toEqual([values.length, keys.length]);
      },
    ),
  );
});

test('among 200,000 similar contents no two have the same digest', () => {
  const digests = new Set<string>();
  for (let index = 0; index < 200_000; index += 1) digests.add(digestContent('Product', { sku: `a-${index}` }));
  expect(digests.size).toBe(200_000);
});

function sortKeys(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

import fc from 'fast-check';
import { jsonErrorPlace } from '../lib/json-error-place.ts';

const many = (element: string): string => `${element},`.repeat(30);

test.each([
  // V8 tells the position.
  ['{"a":9,99}', 'at position 7 (line 1 column 8)'],
  ['{"a":1', 'at position 6 (line 1 column 7)'],
  ['"a', 'at position 2 (line 1 column 3)'],
  // The text ends.
  ['', 'at position 0 (line 1 column 1)'],
  ['[', 'at position 1 (line 1 column 2)'],
  ['{"a":\n', 'at position 6 (line 2 column 1)'],
  ['[tru', 'at position 4 (line 1 column 5)'],
  // V8 tells no position.
  ['NaN', 'at position 0 (line 1 column 1)'],
  ['undefined', 'at position 0 (line 1 column 1)'],
  ['{"a":NaN}', 'at position 5 (line 1 column 6)'],
  ['{"a":Infinity}', 'at position 5 (line 1 column 6)'],
  ['[nulL]', 'at position 4 (line 1 column 5)'],
  ['[nul]', 'at position 4 (line 1 column 5)'],
  ['[1,]', 'at position 3 (line 1 column 4)'],
  ['[1.5,.5]', 'at position 5 (line 1 column 6)'],
  ['[-1e5,+1]', 'at position 6 (line 1 column 7)'],
  ['["\\u00e9",\'x\']', 'at position 10 (line 1 column 11)'],
  ['{"at position 3 (line 1 column 4)":NaN}', 'at position 35 (line 1 column 36)'],
  [`[${many('1')}NaN,${many('2')}3]`, 'at position 61 (line 1 column 62)'],
  ['[1,\n2,\r\n3,\r  NaN]', 'at position 13 (line 4 column 3)'],
  ['\ufeff{}', 'at position 0 (line 1 column 1)'],
])('the syntax error in %j is %s', (text, place) => {
  expect(jsonErrorPlace(text)).toBe(place);
});

test('valid JSON has none', () => {
  expect(jsonErrorPlace('{"a":[1,"x",null]}')).toBeUndefined();
});

test('it is the first character that no valid text can have, whatever the text', () => {
  const json = fc
    .tuple(fc.json(), fc.constantFrom(undefined, 1))
    .map(([text, indent]) => JSON.stringify(JSON.parse(text), undefined, indent));
  const damage = fc.constantFrom('NaN', 'x', "'", '.', '+', '%', 'tru,', '\u00a0');
  fc.assert(
    fc.property(json, damage, fc.nat(), (text, inserted, where) => {
      const at = where % (text.length + 1);
      const damaged = text.slice(0, at) + inserted + text.slice(at);
      const place = jsonErrorPlace(damaged);
      if (place === undefined) return; // Within a string it does no damage.
      const position = Number(/^at position (?<position>\d+) /.exec(place)?.groups?.['position']);
      // With a byte that is never valid at this position, V8 fails there or earlier; and never earlier without it.
      const atControl = jsonErrorPlace(`${damaged.slice(0, position)}\u0001`);
      expect(atControl).toBe(place);
    }),
    { numRuns: 300 },
  );
});

test('in a very large text it is between two positions', () => {
  const text = `[${'1,'.repeat(12_000_000)}NaN]`;
  const [from = 0, to = 0] =
    /^between position (\d+) and (\d+)$/
      .exec(jsonErrorPlace(text) ?? '')
      ?.slice(1)
      .map(Number) ?? [];
  expect(from).toBeLessThanOrEqual(24_000_001);
  expect(to).toBeGreaterThanOrEqual(24_000_001);
});

import fc from 'fast-check';
import { createCauses, describeExample, describePlaces, type Fault } from '../../cli/causes.ts';

const fault = (detail: string, reason = 'not_json'): Fault => ({ fate: 'refused', reason, detail });

function lines(numbers: readonly number[]): string {
  const causes = createCauses();
  for (const line of numbers) causes.note(fault('x'), { file: 'a', line });
  const [cause] = causes.list();
  return cause === undefined ? '' : describePlaces(cause, true);
}

const everySecond = (count: number): readonly number[] => Array.from({ length: count }, (_, index) => 2 * index + 1);

describe('lines', () => {
  test.each<[string, readonly number[], RegExp]>([
    ['one', [3], /^line 3$/],
    ['two', [3, 5], /^lines 3 and 5$/],
    ['neighbours', [1, 2], /^lines 1-2$/],
    ['both', [3, 7, 9, 10, 11, 12], /^lines 3, 7 and 9-12$/],
    ['lines that are noted late', [9, 3, 2, 7, 8, 1], /^lines 1-3 and 7-9$/],
    ['several events in a line', [4, 4, 4, 5], /^lines 4-5$/],
    ['eight of them', [1, 3, 5, 7, 9, 11, 13, 15], /^lines 1, 3, 5, 7, 9, 11, 13 and 15$/],
    ['many', everySecond(224), /^lines 1, 3, (?:\d+, ){16}37, 39 and 204 more$/],
    ['many neighbours', Array.from({ length: 5000 }, (_, index) => index + 1), /^lines 1-5000$/],
    ['more than are kept', everySecond(5000), / and 4980 more$/],
  ])('%s', (_, numbers, text) => {
    expect(lines(numbers)).toMatch(text);
  });

  test('no line is lost, in whatever order they come', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.integer({ min: 1, max: 9000 }), { maxLength: 3000, size: 'max' }), (given) => {
        const causes = createCauses();
        // A line may hold several events.
        for (const line of given)
          for (let event = 0; event < 2; event += 1) causes.note(fault('x'), { file: 'a', line });
        const places = causes.list().flatMap((cause) => cause.places);
        const counted = places.reduce(
          (sum, place) => place.lines.reduce((inner, [from, to]) => inner + to - from + 1, sum + place.moreLines),
          0,
        );
        expect(counted).toBe(given.length);
        expect(causes.list()[0]?.count ?? 0).toBe(2 * given.length);
      }),
      { numRuns: 30 },
    );
  });
});

test('files are named where there are several: the first five, and how many more', () => {
  const causes = createCauses();
  for (let file = 1; file <= 7; file += 1) causes.note(fault('x'), { file: `f${file}`, line: file });
  const [cause] = causes.list();
  expect(cause && describePlaces(cause, false)).toBe(
    'f1 line 1; f2 line 2; f3 line 3; f4 line 4; f5 line 5; 2 more files',
  );
  expect(cause && describeExample(cause, false)).toBe('f1, line 1 x');
});

describe('two sentences have one cause if they differ in what they quote', () => {
  test.each<[string, string, string, boolean]>([
    [
      'the same fault of JSON with other texts',
      `is not valid JSON: Unexpected token 'o', "{oops" is not valid JSON`,
      `is not valid JSON: Unexpected token 'x', ..."a":"b",x}"... is not valid JSON`,
      true,
    ],
    [
      'the same at another position',
      'is not valid JSON: Unterminated string in JSON at position 12 (line 1 column 13)',
      'is not valid JSON: Unterminated string in JSON at position 3 (line 1 column 4)',
      true,
    ],
    [
      'other faults of JSON',
      'is not valid JSON: Unexpected end of JSON input',
      'is not valid JSON: Unterminated string in JSON at position 3 (line 1 column 4)',
      false,
    ],
    [
      'another character that is too much',
      `is not valid JSON: Unexpected token '}', "{,}" is not valid JSON`,
      `is not valid JSON: Unexpected token ']', "{]}" is not valid JSON`,
      false,
    ],
    ['rows of other lengths', 'has 3 cells, and the header has 5', 'has 7 cells, and the header has 5', true],
    [
      'rows of other tables',
      'is a row of pages, in a file of identifies',
      'is a row of groups, in a file of identifies',
      false,
    ],
    ['other unknown types', 'message type foo is not supported', 'message type bar is not supported', false],
  ])('%s', (_, one, other, isOne) => {
    const causes = createCauses();
    causes.note(fault(one), { file: 'a', line: 1 });
    causes.note(fault(other), { file: 'a', line: 3 });
    expect(causes.list().map(({ detail }) => detail)).toEqual(isOne ? [one] : [one, other]);
  });
});

test('memory is bounded, and every event is counted', () => {
  const causes = createCauses();
  for (let index = 0; index < 3000; index += 1) {
    const word = String.fromCodePoint(0x4e00 + index);
    causes.note(fault(`of the kind ${word}`), { file: `f${index}`, line: 1 });
  }
  const list = causes.list();
  expect(list.length).toBeLessThanOrEqual(501);
  expect(list.reduce((sum, { count }) => sum + count, 0)).toBe(3000);
  const files = list.reduce((sum, { places, moreFiles }) => sum + places.length + moreFiles, 0);
  expect(files).toBe(3000);
});

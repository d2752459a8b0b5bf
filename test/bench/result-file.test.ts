import { mergeResults, type NamedRow } from '../../bench/result-file.ts';

const row = (name: string, value: number): NamedRow => ({
  name,
  machine: `machine ${value}`,
  what: `${name} ${value}`,
  measured: { value, unit: 'ms', what: '' },
  baseline: { value: 1, unit: 'ms', what: '' },
  goal: { of: 'nothing' },
});

test('rows that were measured anew take the place of all earlier ones of their name, in the order of the table', () => {
  const earlier = { rows: [row('a', 1), row('b', 1), row('b', 2), row('gone', 1)] };
  const later = { rows: [row('c', 3), row('b', 3)] };
  expect(mergeResults(earlier, later, ['a', 'b', 'c'])).toEqual({ rows: [row('a', 1), row('b', 3), row('c', 3)] });
});

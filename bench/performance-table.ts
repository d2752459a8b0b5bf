import { markdownTable } from '../local/markdown-table.ts';
import type { Result } from './result-file.ts';
import { describeGoal, isMet, ratioOf, type Figure, type Row } from './row.ts';

/** The table of docs/performance.md. */
export function performanceTable({ rows }: Result): string {
  const cells = rows.map((row) => [
    row.what,
    describe(row.measured),
    describe(row.baseline),
    showNumber(ratioOf(row)),
    verdictOf(row),
  ]);
  return markdownTable(['what', 'measured', 'baseline', 'ratio', 'goal'], cells);
}

/** Where the rows were measured, and what they say besides, as a list. */
export function remarks({ rows }: Result): string {
  const machines = [...Map.groupBy(rows, ({ machine }) => machine)].toSorted(([, a], [, b]) => b.length - a.length);
  const places = machines.map(([machine, measured], index) => {
    const names = [...new Set(measured.map(({ name }) => `\`${name}\``))].join(', ');
    return `- ${index === 0 ? 'Measured' : `The rows of ${names}`} on ${machine}.`;
  });
  const withNotes = rows.filter(({ notes = [] }) => notes.length > 0);
  const notes = withNotes.map(
    ({ what, notes: said = [] }) => `- ${what}: ${said.join('; ').replaceAll(/ {2,}/g, ' ')}`,
  );
  return [...places, ...notes].join('\n');
}

/** A number with three significant digits: 1,590 or 0.114. */
export function showNumber(value: number): string {
  return Number(value.toPrecision(3)).toLocaleString('en', { maximumSignificantDigits: 3 });
}

function describe({ value, unit, what }: Figure): string {
  return `${showNumber(value)} ${unit}: ${what}`;
}

function verdictOf(row: Row): string {
  const isKept = isMet(row);
  return isKept === undefined ? 'none' : `${describeGoal(row)}, ${isKept ? 'met' : '**not met**'}`;
}

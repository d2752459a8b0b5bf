import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Row } from './row.ts';

/** A row, and the name that `--only` has for what measures it. */
export interface NamedRow extends Row {
  readonly name: string;
  readonly machine: string;
}

/** What `npm run bench` has measured. */
export interface Result {
  readonly rows: readonly NamedRow[];
}

const FILE = join(import.meta.dirname, 'result.json');

/** Reads the result that docs/performance.md shows. */
export function readResult(): Result {
  return JSON.parse(readFileSync(FILE, 'utf8'));
}

/** Rounds to four significant digits: the others are noise. */
export function writeResult(result: Result): void {
  writeFileSync(FILE, `${JSON.stringify(result, roundNumbers, 2)}\n`);
}

function roundNumbers(_: string, value: unknown): unknown {
  return typeof value === 'number' ? Number(value.toPrecision(4)) : value;
}

/**
 * Puts new rows in the place of the earlier ones of the same name, and keeps the rest, so that one row can be measured anew.
 *
 * @param names all names, in the order of the table
 */
export function mergeResults(earlier: Result, later: Result, names: readonly string[]): Result {
  const measured = new Set(later.rows.map(({ name }) => name));
  const rows = [...earlier.rows.filter(({ name }) => !measured.has(name)), ...later.rows];
  return { rows: names.flatMap((name) => rows.filter((row) => row.name === name)) };
}

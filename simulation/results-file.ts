import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Result } from './result.ts';

const FILE = join(import.meta.dirname, 'results.json');

/** Reads the results that docs/comparison.md shows. None if there is no file yet. */
export function readResults(): readonly Result[] {
  try {
    return JSON.parse(readFileSync(FILE, 'utf8'));
  } catch {
    return [];
  }
}

/** Writes the results, one a line, so that a change of one shows as one. Only the curves of the first seed are kept: they are drawn. */
export function writeResults(results: readonly Result[]): void {
  const first = firstSeedOf(results);
  const lines = results.map((result) =>
    JSON.stringify(result.seed === first ? result : { ...result, curve: { ...result.curve, sent: [], stored: [] } }),
  );
  writeFileSync(FILE, `[\n${lines.join(',\n')}\n]\n`);
}

/** The seed whose curves are drawn. */
export function firstSeedOf(results: readonly Result[]): number {
  return Math.min(...results.map(({ seed }) => seed));
}

/** Replaces results of the same scenario, system and seed. Keeps the rest. */
export function mergeResults(earlier: readonly Result[], later: readonly Result[]): readonly Result[] {
  const merged = new Map([...earlier, ...later].map((result) => [keyOf(result), result]));
  return [...merged.values()].toSorted((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1));
}

function keyOf({ scenario, system, seed }: Result): string {
  return `${scenario} ${system} ${seed}`;
}

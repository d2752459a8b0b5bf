import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { BacklogRun } from './backlog.ts';
import type { MeasuredInvocation } from './measure.ts';
import type { Resent } from './resent.ts';

/** What the tables of docs/operations.md and docs/scaling.md are computed from, besides prices and the template's defaults. */
export interface CostResult {
  readonly machine: string;
  readonly heapMs: number;
  readonly invocations: readonly MeasuredInvocation[];
  /** In the order of the table. */
  readonly backlogs: readonly BacklogOfTable[];
  readonly resent: readonly Resent[];
}

/** A backlog, and who waits for the rate limit. */
export interface BacklogOfTable extends BacklogRun {
  readonly wait: string;
}

const FILE = join(import.meta.dirname, 'result.json');
/** The others are noise. */
const DIGITS = 4;

/** Reads the result that the pages show. */
export function readCostResult(): CostResult {
  return JSON.parse(readFileSync(FILE, 'utf8'));
}

/** Keeps a result, with rounded numbers. */
export function writeCostResult(result: CostResult): void {
  writeFileSync(FILE, roundedJson(result));
}

/** JSON with numbers as they are kept. */
export function roundedJson(value: unknown): string {
  return `${JSON.stringify(value, round, 2)}\n`;
}

function round(_: string, value: unknown): unknown {
  return typeof value === 'number' ? Number(value.toPrecision(DIGITS)) : value;
}

import { InvalidArgumentError } from 'commander';

const UNITS: Readonly<Record<string, number>> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/**
 * Parses a date in ISO 8601, or a time before now: `90s`, `30m`, `2h`, `3d`.
 *
 * @returns ms since 1970
 * @throws InvalidArgumentError
 */
export function parsePointInTime(text: string): number {
  return pointInTime(text, Date.now());
}

/**
 * The same, before another time than now.
 *
 * @param nowMs in ms since 1970
 * @returns ms since 1970
 * @throws InvalidArgumentError
 */
export function pointInTime(text: string, nowMs: number): number {
  const { count, unit = '' } = /^(?<count>\d+)(?<unit>[smhd])$/.exec(text.trim())?.groups ?? {};
  const ms = count === undefined ? Date.parse(text) : nowMs - Number(count) * (UNITS[unit] ?? Number.NaN);
  if (Number.isNaN(ms))
    throw new InvalidArgumentError('It has to be a date (2026-11-23T10:00:00Z) or a time before now (2h, 3d).');
  return ms;
}

/**
 * Parses an integer of at least 1.
 *
 * @throws InvalidArgumentError
 */
export function parseCount(text: string): number {
  const number = Number(text);
  if (!Number.isSafeInteger(number) || number < 1)
    throw new InvalidArgumentError('It has to be a whole number, 1 or more.');
  return number;
}

/**
 * Parses a number greater than 0.
 *
 * @throws InvalidArgumentError
 */
export function parsePositive(text: string): number {
  const number = Number(text);
  if (!(number > 0) || !Number.isFinite(number))
    throw new InvalidArgumentError('It has to be a number greater than 0.');
  return number;
}

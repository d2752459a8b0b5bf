import { readTime } from '../../lib/instant.ts';
import type { DateFormat } from './read-options.ts';

const SLASHED =
  /^(?<first>\d{1,2})[/.-](?<second>\d{1,2})[/.-](?<year>\d{4})(?:[ T,]+(?<hour>\d{1,2}):(?<minute>\d{2})(?::(?<seconds>\d{2})(?:\.\d+)?)?(?: *(?<half>[AP]M))?)?$/i;

/**
 * Returns the first value that is a time and can be true, as it came. A date such as 1/31/2026 is a time only if the format is
 * given, and becomes ISO 8601 in UTC.
 *
 * @param nowMs in ms since 1970: later times are not believed
 * @returns undefined if none is
 */
export function firstTime(values: readonly unknown[], format: DateFormat | undefined, nowMs: number): unknown {
  for (const value of values) {
    const time = typeof value === 'string' ? (isoOf(value.trim(), format) ?? value) : value;
    if (readTime(time, nowMs) !== undefined) return time;
  }
  return undefined;
}

function isoOf(text: string, format: DateFormat | undefined): string | undefined {
  const parts = format === undefined ? undefined : SLASHED.exec(text)?.groups;
  if (parts === undefined) return undefined;
  const { first = '', second = '', year, hour = '0', minute = '00', seconds = '00', half = '' } = parts;
  const [day, month] = format === 'DD/MM/YYYY' ? [first, second] : [second, first];
  const isAfternoon = half.toUpperCase() === 'PM';
  const hours = half === '' ? Number(hour) : (Number(hour) % 12) + (isAfternoon ? 12 : 0);
  return `${year}-${twoDigits(month)}-${twoDigits(day)}T${twoDigits(hours)}:${minute}:${seconds}Z`;
}

function twoDigits(part: string | number): string {
  return String(part).padStart(2, '0');
}

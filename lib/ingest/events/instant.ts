/** A point in time, with the time zone offset that it was written with. */
export interface Instant {
  /** In ms since 1970. */
  readonly epochMs: number;
  readonly offsetMinutes: number;
}

const ISO_8601 =
  /^(?<date>\d{4}-\d{2}-\d{2})(?:[Tt ](?<time>\d{2}:\d{2}(?::\d{2}(?:[.,]\d+)?)?))? ?(?<zone>[Zz]|UTC|GMT|[+-]\d{2}(?::?\d{2})?)?$/;
/**
 * Dates in the formats of e-mail, HTTP and `String(new Date())`. Only with a time zone, since they are ambiguous without.
 */
const WORDY = /^[A-Za-z]{3}.*\b(?:GMT|UTC|Z|[+-]\d{4})\b/;
/** Seconds or milliseconds since 1970, for times between 2001 and 2286. */
const EPOCH = /^\d{10}(?:\d{3})?$/;
/** The range of times with a four-digit year. */
const LATEST_MS = Date.parse('9999-12-31T00:00:00Z');
const EARLIEST_MS = Date.parse('0001-01-01T00:00:00Z');

/**
 * Parses a time in one of the usual formats: ISO 8601 (UTC if it has no time zone), the format of e-mail headers, and epoch
 * seconds or milliseconds.
 *
 * @returns undefined if the value is not a string, or not a time in one of these formats
 */
export function parseInstant(value: unknown): Instant | undefined {
  if (typeof value !== 'string') return undefined;
  const text = value.trim();
  if (EPOCH.test(text)) return utc(text.length === 10 ? Number(text) * 1000 : Number(text));
  const parts = ISO_8601.exec(text)?.groups;
  if (parts === undefined) return WORDY.test(text) ? utc(Date.parse(text)) : undefined;
  const offsetMinutes = parseOffset(parts['zone']);
  const local = Date.parse(`${parts['date']}T${(parts['time'] ?? '00:00').replace(',', '.')}Z`);
  return within(local - offsetMinutes * 60_000, offsetMinutes);
}

/** Formats an instant as RudderStack's processor does: RFC 3339 with milliseconds, with the instant's offset. */
export function formatInstant({ epochMs, offsetMinutes }: Instant): string {
  const local = new Date(epochMs + offsetMinutes * 60_000).toISOString();
  if (offsetMinutes === 0) return local;
  const minutes = Math.abs(offsetMinutes);
  const sign = offsetMinutes < 0 ? '-' : '+';
  return `${local.slice(0, -1)}${sign}${two(Math.trunc(minutes / 60))}:${two(minutes % 60)}`;
}

function two(count: number): string {
  return String(count).padStart(2, '0');
}

/** Returns an instant in UTC; undefined if its year does not have four digits. */
export function utc(epochMs: number): Instant | undefined {
  return within(epochMs, 0);
}

function within(epochMs: number, offsetMinutes: number): Instant | undefined {
  const isTime = epochMs >= EARLIEST_MS && epochMs <= LATEST_MS && Math.abs(offsetMinutes) < 24 * 60;
  return isTime ? { epochMs, offsetMinutes } : undefined;
}

function parseOffset(zone = 'Z'): number {
  const digits = /^(?<sign>[+-])(?<hours>\d{2}):?(?<minutes>\d{2})?$/.exec(zone)?.groups;
  if (digits === undefined) return 0;
  const minutes = Number(digits['hours']) * 60 + Number(digits['minutes'] ?? 0);
  return digits['sign'] === '-' ? -minutes : minutes;
}

/** A point in time, with the time zone offset that it was written with. */
export interface Instant {
  /** In ms since 1970. */
  readonly epochMs: number;
  readonly offsetMinutes: number;
}

/** Times before it are those of clocks that were never set, or no times at all. */
const EARLIEST_MS = Date.UTC(2000, 0, 1);
/** The end of the years with four digits. */
const LATEST_MS = Date.UTC(9999, 11, 31);
const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;
/** Longer texts are not times. The longest are those of `String(new Date())`, with the name of a time zone. */
const MOST_CHARACTERS = 100;

/** The form of RFC 3339 that SDKs send. It is tested first, to save time. */
const RFC_3339 =
  /^\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])T(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d+)?(?:Z|[+-](?:[01]\d|2[0-3]):[0-5]\d)$/;

/** ISO 8601 with a zone, in the other forms that Heap gets as they came. */
const ISO_WITH_ZONE = /^\d{4}-\d{2}-\d{2}T[\d:.,]+(?:Z|[+-]\d{2}(?::?\d{2})?)$/i;

const ZONE = String.raw`(?<zone>Z|UTC?|GMT|(?:UTC|GMT)?[+-]\d{1,2}(?::?\d{2})?(?: ?(?:UTC|GMT))?)(?:\[[^\]]+\])?`;
/** The extended form. Databases write a blank instead of the T, and Go and BigQuery one before the zone. */
const ISO_8601 = new RegExp(
  String.raw`^(?<year>\d{4})-(?<month>\d{2})-(?<day>\d{2})(?:(?:T| +)(?<hour>\d{2})(?::(?<minute>\d{2})(?::(?<second>\d{2})(?:[.,](?<fraction>\d+))?)?)?)? ?(?:${ZONE})?$`,
  'i',
);
/** The basic form, without hyphens and colons. */
const ISO_8601_BASIC = new RegExp(
  String.raw`^(?<year>\d{4})(?<month>\d{2})(?<day>\d{2})(?:T(?<hour>\d{2})(?<minute>\d{2})(?:(?<second>\d{2})(?:[.,](?<fraction>\d+))?)?(?:${ZONE})?)?$`,
  'i',
);
const WEEKDAY = '(?:[a-z]{3,9},?[ ]+)?';
const CLOCK = String.raw`(?<hour>\d{1,2}):(?<minute>\d{2})(?::(?<second>\d{2}))?`;
/** E-mail and HTTP, of today (RFC 2822) and before (RFC 850, names of American zones). The zone is required. */
const MAIL = new RegExp(
  String.raw`^${WEEKDAY}(?<day>\d{1,2})[ -](?<month>[a-z]{3,9})[ -](?<year>\d{4}|\d{2}) +${CLOCK} *(?:${ZONE}|(?<american>[ECMP][SD]T))(?: *\([^)]*\))?$`,
  'i',
);
/** `String(new Date())` */
const JAVASCRIPT = new RegExp(
  String.raw`^${WEEKDAY}(?<month>[a-z]{3,9}) +(?<day>\d{1,2}),? +(?<year>\d{4}) +${CLOCK} *(?:${ZONE})(?: *\([^)]*\))?$`,
  'i',
);
const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];
/** Hours west of UTC in standard time. */
const AMERICAN_ZONES: Readonly<Record<string, number>> = { E: 5, C: 6, M: 7, P: 8 };

/** Seconds, milliseconds or microseconds since 1970, also with a fraction or an exponent. */
const EPOCH = /^\+?\d+(?:\.\d*)?(?:e\+?\d{1,2})?$/i;
/** The units of times since 1970: below this number, one unit has that many ms. A time of this century has one unit only. */
const EPOCH_UNITS: readonly (readonly [below: number, ms: number])[] = [
  [1e11, 1000],
  [1e14, 1],
  [1e17, 0.001],
];

/**
 * The only reader of times. It takes ISO 8601 (UTC if it names no zone), the form of databases with a blank, the formats of
 * e-mail headers and of `String(new Date())` (with a zone), and seconds, milliseconds or microseconds since 1970, as a number
 * or as text. Days that are not in the calendar are no times.
 *
 * It does not say whether the time can be true: see `canBeTrue`.
 *
 * @returns undefined if the value is not a time in one of these formats, or is after the year 9999. A year of two digits, as in old
 *   e-mail headers, is one of this century
 */
export function parseInstant(value: unknown): Instant | undefined {
  if (typeof value === 'number') return ofEpoch(value);
  if (typeof value !== 'string' || value.length > MOST_CHARACTERS) return undefined;
  const text = value.trim();
  const parts = (ISO_8601.exec(text) ?? ISO_8601_BASIC.exec(text) ?? MAIL.exec(text) ?? JAVASCRIPT.exec(text))?.groups;
  if (parts !== undefined) return ofParts(parts);
  return EPOCH.test(text) ? ofEpoch(Number(text)) : undefined;
}

/**
 * Reads a time as `parseInstant` does, for Heap: ISO 8601 with hyphens, a T and a zone stays as it is, with all its digits.
 * Everything else is written in UTC.
 *
 * @param arrivedAtMs when the event arrived, in ms since 1970; undefined if nobody knows
 * @returns undefined if the value is not a time, or cannot be true
 */
export function readTime(value: unknown, arrivedAtMs?: number): string | undefined {
  if (typeof value === 'string' && value.length <= MOST_CHARACTERS && RFC_3339.test(value)) {
    const epochMs = epochOfRfc3339(value);
    return epochMs !== undefined && canBeTrue(epochMs, arrivedAtMs) ? value : undefined;
  }
  const instant = parseInstant(value);
  if (instant === undefined || !canBeTrue(instant.epochMs, arrivedAtMs)) return undefined;
  const isIso = typeof value === 'string' && ISO_WITH_ZONE.test(value);
  return isIso ? value : new Date(instant.epochMs).toISOString();
}

/**
 * Whether an event can have happened at a time: not before 2000, and at most a day after its arrival. A clock that is wrong by
 * less is not noticed.
 *
 * @param arrivedAtMs when the event arrived, in ms since 1970; undefined if nobody knows
 */
export function canBeTrue(epochMs: number, arrivedAtMs?: number): boolean {
  return epochMs >= EARLIEST_MS && epochMs <= (arrivedAtMs === undefined ? LATEST_MS : arrivedAtMs + DAY_MS);
}

/** Formats an instant as RudderStack's processor does: RFC 3339 with milliseconds, with the instant's offset. */
export function formatInstant({ epochMs, offsetMinutes }: Instant): string {
  const local = new Date(epochMs + offsetMinutes * MINUTE_MS).toISOString();
  if (offsetMinutes === 0) return local;
  const minutes = Math.abs(offsetMinutes);
  const sign = offsetMinutes < 0 ? '-' : '+';
  return `${local.slice(0, -1)}${sign}${two(Math.trunc(minutes / 60))}:${two(minutes % 60)}`;
}

function two(count: number): string {
  return String(count).padStart(2, '0');
}

function ofEpoch(count: number): Instant | undefined {
  const unit = EPOCH_UNITS.find(([below]) => count < below);
  if (unit === undefined) return undefined;
  const epochMs = Math.trunc(count * unit[1]);
  // Smaller numbers are counters.
  return epochMs >= EARLIEST_MS ? { epochMs, offsetMinutes: 0 } : undefined;
}

type Parts = Readonly<Record<string, string | undefined>>;

function ofParts({
  year = '',
  month = '',
  day,
  hour,
  minute,
  second,
  fraction = '',
  zone,
  american,
}: Parts): Instant | undefined {
  const monthNumber = /^\d/.test(month) ? Number(month) : MONTHS.indexOf(month.slice(0, 3).toLowerCase()) + 1;
  const yearNumber = Number(year) + (year.length === 2 ? 2000 : 0);
  const date = dayNumber(yearNumber, monthNumber, Number(day));
  const [hours, minutes, seconds] = [Number(hour ?? 0), Number(minute ?? 0), Number(second ?? 0)];
  const offsetMinutes = american === undefined ? parseOffset(zone ?? 'Z') : offsetOfAmericanZone(american);
  if (date === undefined || offsetMinutes === undefined || hours > 23 || minutes > 59 || seconds > 59) return undefined;
  const ms = Number(fraction.slice(0, 3).padEnd(3, '0'));
  const local = date * DAY_MS + hours * HOUR_MS + minutes * MINUTE_MS + seconds * 1000 + ms;
  const epochMs = local - offsetMinutes * MINUTE_MS;
  return yearNumber === 0 || epochMs > LATEST_MS ? undefined : { epochMs, offsetMinutes };
}

/** @returns undefined for an offset of a day or more */
function parseOffset(zone: string): number | undefined {
  const digits = /(?<sign>[+-])(?<hours>\d{1,2}):?(?<minutes>\d{2})?/.exec(zone)?.groups;
  if (digits === undefined) return 0;
  const [hours, minutes] = [Number(digits['hours']), Number(digits['minutes'] ?? 0)];
  if (hours > 23 || minutes > 59) return undefined;
  const offset = hours * 60 + minutes;
  return digits['sign'] === '-' && offset !== 0 ? -offset : offset;
}

function offsetOfAmericanZone(name: string): number {
  const [zone = '', kind] = name.toUpperCase();
  return ((kind === 'D' ? 1 : 0) - (AMERICAN_ZONES[zone] ?? 0)) * 60;
}

/**
 * Computes what `Date.parse` would, in less time: it is the slowest step of the mapping otherwise.
 *
 * @param text in the form `RFC_3339`
 * @returns undefined for a day that is not in the calendar
 */
function epochOfRfc3339(text: string): number | undefined {
  const date = dayNumber(digitsAt(text, 0) * 100 + digitsAt(text, 2), digitsAt(text, 5), digitsAt(text, 8));
  if (date === undefined) return undefined;
  const time = digitsAt(text, 11) * HOUR_MS + digitsAt(text, 14) * MINUTE_MS + digitsAt(text, 17) * 1000;
  if (text.endsWith('Z')) return date * DAY_MS + time;
  const zone = text.length - 6;
  const offset = digitsAt(text, zone + 1) * HOUR_MS + digitsAt(text, zone + 4) * MINUTE_MS;
  return date * DAY_MS + time + (text[zone] === '-' ? offset : -offset);
}

/** The number with two digits at an index. */
function digitsAt(text: string, at: number): number {
  return (text.charCodeAt(at) - 48) * 10 + (text.charCodeAt(at + 1) - 48);
}

/**
 * Returns the number of days from 1970 to a date.
 *
 * @param month from 1
 * @returns undefined for a day that is not in the calendar
 * @see https://howardhinnant.github.io/date_algorithms.html (days_from_civil)
 */
function dayNumber(year: number, month: number, day: number): number | undefined {
  if (month < 1 || month > 12 || day < 1 || day > daysIn(month, year)) return undefined;
  // Years start in March, so that the leap day is the last one.
  const marchYear = month <= 2 ? year - 1 : year;
  const dayOfYear = Math.floor((153 * (month > 2 ? month - 3 : month + 9) + 2) / 5) + day - 1;
  const leapDays = Math.floor(marchYear / 4) - Math.floor(marchYear / 100) + Math.floor(marchYear / 400);
  return marchYear * 365 + leapDays + dayOfYear - 719_468;
}

function daysIn(month: number, year: number): number {
  if (month === 2) return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0) ? 29 : 28;
  return month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31;
}

import { valueAt } from '../json.ts';
import type { RudderStackEvent } from '../rudderstack/event.ts';

/** Date, optional time with optional seconds and fraction, optional zone. A blank may stand in for the T. */
const ISO_8601 =
  /^\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])(?<time>(?<separator>[Tt ])(?:[01]\d|2[0-3]):[0-5]\d(?::[0-5]\d(?:\.\d+)?)?(?<zone> ?(?:[Zz]|UTC|[+-]\d{2}(?::?\d{2})?))?)?$/;

/** What goes out as it came: a T, and a zone at the end or none. Tried first, since it is what SDKs send. */
const AS_IT_IS =
  /^\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])[Tt](?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d+)?(?:Z|[+-]\d{2}:\d{2})$/;

/** Epoch milliseconds below this are more likely seconds or a counter: it stands for March 1973. */
const EARLIEST_EPOCH_MS = 1e11;
/** The last instant that a JavaScript date can hold. */
const LATEST_EPOCH_MS = 8.64e15;

/**
 * The event's time for Heap, in ISO 8601: the first of `timestamp` and `originalTimestamp` that is a date. Reverse ETL that
 * is not mapped to the destination keeps its time in `properties.timestamp`, which then comes first.
 *
 * ISO 8601 goes out as it came, with its own offset. Warehouse style (`2026-01-31 10:00:00`, UTC when it names no zone) and
 * epoch milliseconds are put into ISO 8601. Everything else gives way to the next candidate.
 *
 * @returns undefined when no candidate is a date: Heap then takes the time of arrival
 * @see https://developers.heap.io/reference/track-1
 */
export function readTimestamp(event: RudderStackEvent): string | undefined {
  const isUnmappedReverseEtl = event.channel === 'sources' && !valueAt(event, ['context', 'mappedToDestination']);
  const candidates = [
    isUnmappedReverseEtl ? valueAt(event, ['properties', 'timestamp']) : undefined,
    event.timestamp,
    event.originalTimestamp,
  ];
  for (const candidate of candidates) {
    const timestamp = asIso(candidate);
    if (timestamp !== undefined) return timestamp;
  }
  return undefined;
}

function asIso(value: unknown): string | undefined {
  if (typeof value === 'number') {
    return value >= EARLIEST_EPOCH_MS && value <= LATEST_EPOCH_MS ? new Date(value).toISOString() : undefined;
  }
  if (typeof value !== 'string') return undefined;
  const text = value.trim();
  if (AS_IT_IS.test(text)) return isOnCalendar(text) ? text : undefined;
  const parts = ISO_8601.exec(text)?.groups;
  if (parts === undefined || !isOnCalendar(text)) return undefined;
  if (parts['separator'] !== ' ' && !parts['zone']?.startsWith(' ')) return text;

  const zone = parts['zone']?.trim().replace('UTC', 'Z') ?? 'Z';
  const local = text.slice(0, text.length - (parts['zone']?.length ?? 0)).replace(' ', 'T');
  const instant = Date.parse(`${local}${/^[+-]\d{2}$/.test(zone) ? `${zone}:00` : zone}`);
  return Number.isNaN(instant) ? undefined : new Date(instant).toISOString();
}

/** Tells the 30th of February from a date, which `Date.parse` does not. */
function isOnCalendar(text: string): boolean {
  const day = Number(text.slice(8, 10));
  // Every month has 28 days, and making a date is the most expensive step of the mapping.
  if (day <= 28) return true;
  const [year = 0, month = 0] = text.slice(0, 7).split('-').map(Number);
  return new Date(Date.UTC(year, month - 1, day)).getUTCDate() === day;
}

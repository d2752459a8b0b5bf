import { valueAt } from '../json.ts';
import type { RudderStackEvent } from '../rudderstack/event.ts';

/** Date, optional time with optional seconds and fraction, optional zone. A space may replace the T. */
const ISO_8601 =
  /^\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])(?<time>(?<separator>[Tt ])(?:[01]\d|2[0-3]):[0-5]\d(?::[0-5]\d(?:\.\d+)?)?(?<zone> ?(?:[Zz]|UTC|[+-]\d{2}(?::?\d{2})?))?)?$/;

/** Timestamps that are sent unchanged. Tested first, since SDKs send this format. */
const AS_IT_IS =
  /^\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])[Tt](?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d+)?(?:Z|[+-]\d{2}:\d{2})$/;

/** Smaller numbers are more likely to be epoch seconds or counters. It corresponds to March 1973. */
const EARLIEST_EPOCH_MS = 1e11;
/** The latest time that a JavaScript date can represent. */
const LATEST_EPOCH_MS = 8.64e15;

/**
 * Returns the event's time in ISO 8601: the first of `timestamp` and `originalTimestamp` that is a valid date. Reverse ETL
 * events that are not mapped to the destination have their time in `properties.timestamp`, which is then preferred.
 *
 * ISO 8601 is sent unchanged, with its offset. The format of warehouses (`2026-01-31 10:00:00`, UTC if it has no zone) and
 * epoch milliseconds are converted. Any other value falls back to the next candidate.
 *
 * @returns undefined if no candidate is a valid date; Heap then uses the time of arrival
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

/** Detects dates such as 30 February, which `Date.parse` accepts. */
function isOnCalendar(text: string): boolean {
  const day = Number(text.slice(8, 10));
  // Every month has 28 days. This avoids creating a Date, the slowest step of the mapping.
  if (day <= 28) return true;
  const [year = 0, month = 0] = text.slice(0, 7).split('-').map(Number);
  return new Date(Date.UTC(year, month - 1, day)).getUTCDate() === day;
}

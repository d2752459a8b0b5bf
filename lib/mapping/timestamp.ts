import { readTime } from '../instant.ts';
import { valueAt } from '../json.ts';
import type { RudderStackEvent } from '../rudderstack/event.ts';

/**
 * Returns the event's time for Heap: the first of `timestamp` and `originalTimestamp` that can be read and can be true. Reverse
 * ETL events that are not mapped to the destination have their time in `properties.timestamp`, which is then preferred.
 *
 * @param arrivedAtMs when the event arrived, in ms since 1970; undefined if nobody knows
 * @returns undefined if there is no such time; Heap then uses the time of arrival
 * @see https://developers.heap.io/reference/track-1
 */
export function readTimestamp(event: RudderStackEvent, arrivedAtMs?: number): string | undefined {
  if (event.channel === 'sources' && !valueAt(event, ['context', 'mappedToDestination'])) {
    const timestamp = readTime(valueAt(event, ['properties', 'timestamp']), arrivedAtMs);
    if (timestamp !== undefined) return timestamp;
  }
  return readTime(event.timestamp, arrivedAtMs) ?? readTime(event.originalTimestamp, arrivedAtMs);
}

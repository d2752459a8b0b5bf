import type { Filtered, Rejected } from '../outcome.ts';
import type { RudderStackEvent } from '../rudderstack/event.ts';
import type { Settings } from '../rudderstack/settings.ts';
import { decideWith } from './decide-with.ts';
import { mapOptional } from './map-optional.ts';
import type { Mapped } from './mapped.ts';

/**
 * Filters, rejects or maps an event, without a request to Heap. The command line and the local pipeline use it. The function does
 * the same with `decideWith`.
 *
 * @param arrivedAtMs when the event arrived, in ms since 1970. A time that is more than a day later is not believed.
 */
export function decide(
  event: RudderStackEvent,
  settings: Settings,
  arrivedAtMs?: number,
): Mapped | Filtered | Rejected {
  return decideWith(mapOptional, event, settings, arrivedAtMs);
}

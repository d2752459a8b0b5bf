import type { Settings } from '../rudderstack/settings.ts';
import type { Filtered, Rejected } from '../outcome.ts';
import { admit } from '../rudderstack/admission.ts';
import type { RudderStackEvent } from '../rudderstack/event.ts';
import { mapEvent } from './map-event.ts';
import type { Mapped } from './mapped.ts';

/**
 * Filters, rejects or maps an event, without a request to Heap. The function, the command line and the local pipeline all
 * use it.
 *
 * @param arrivedAtMs when the event arrived, in ms since 1970. A time that is more than a day later is not believed.
 */
export function decide(
  event: RudderStackEvent,
  settings: Settings,
  arrivedAtMs?: number,
): Mapped | Filtered | Rejected {
  const admission = admit(event, settings);
  return admission.kind === 'admitted' ? mapEvent(event, admission.type, settings, arrivedAtMs) : admission;
}

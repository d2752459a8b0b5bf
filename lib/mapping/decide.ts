import type { Settings } from '../rudderstack/settings.ts';
import type { Filtered, Rejected } from '../outcome.ts';
import { admit } from '../rudderstack/admission.ts';
import type { RudderStackEvent } from '../rudderstack/event.ts';
import { mapEvent } from './map-event.ts';
import type { Mapped } from './mapped.ts';

/**
 * Filters, rejects or maps an event, without a request to Heap. The function, the command line and the local pipeline all
 * use it.
 */
export function decide(event: RudderStackEvent, settings: Settings): Mapped | Filtered | Rejected {
  const admission = admit(event, settings);
  return admission.kind === 'admitted' ? mapEvent(event, admission.type, settings) : admission;
}

import type { Settings } from '../rudderstack/settings.ts';
import type { Filtered, Rejected } from '../outcome.ts';
import { admit } from '../rudderstack/admission.ts';
import type { RudderStackEvent } from '../rudderstack/event.ts';
import { mapEvent } from './map-event.ts';
import type { Mapped } from './mapped.ts';

/**
 * Everything that can be said of an event without asking Heap: whether it is sent at all, and as what. The Lambda, the
 * command line and the local pipeline all ask here.
 */
export function decide(event: RudderStackEvent, settings: Settings): Mapped | Filtered | Rejected {
  const admission = admit(event, settings);
  return admission.kind === 'admitted' ? mapEvent(event, admission.type, settings) : admission;
}

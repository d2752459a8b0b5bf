import type { Filtered, Rejected } from '../outcome.ts';
import { admit } from '../rudderstack/admission.ts';
import type { RudderStackEvent } from '../rudderstack/event.ts';
import type { Settings } from '../rudderstack/settings.ts';
import { mapEvent } from './map-event.ts';
import type { MapOptional } from './map-optional.ts';
import type { Mapped } from './mapped.ts';

/**
 * The same as `decide`, for the function.
 *
 * @param mapOptional undefined if no setting turns on a type that needs it
 */
export function decideWith(
  mapOptional: MapOptional | undefined,
  event: RudderStackEvent,
  settings: Settings,
  arrivedAtMs?: number,
): Mapped | Filtered | Rejected {
  const admission = admit(event, settings);
  if (admission.kind !== 'admitted') return admission;
  return mapEvent(event, admission.type, settings, arrivedAtMs, mapOptional);
}

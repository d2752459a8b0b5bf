import type { Filtered, Rejected } from '../outcome.ts';
import type { RudderStackEvent } from '../rudderstack/event.ts';
import type { Settings } from '../rudderstack/settings.ts';
import type { TransformEvent } from '../transformation/transform-event.ts';
import { decideTransformed } from './decide-transformed.ts';
import { decideWith } from './decide-with.ts';
import { mapOptional } from './map-optional.ts';
import type { Mapped } from './mapped.ts';
import { TOOLS } from './tools.ts';

/**
 * Transforms, filters, rejects or maps an event, without a request to Heap. The command line and the local pipeline use it. The
 * function does the same with `decideWith`.
 *
 * @param event a transformation may change it
 * @param arrivedAtMs when the event arrived, in ms since 1970. A time that is more than a day later is not believed.
 * @param transformEvent the owner's transformation; undefined if there is none
 */
export function decide(
  event: RudderStackEvent,
  settings: Settings,
  arrivedAtMs?: number,
  transformEvent?: TransformEvent,
): Mapped | Filtered | Rejected {
  const decideOne = (one: RudderStackEvent): Mapped | Filtered | Rejected =>
    decideWith(mapOptional, one, settings, arrivedAtMs);
  if (transformEvent === undefined) return decideOne(event);
  return decideTransformed(transformEvent, event, settings, decideOne, TOOLS).decision;
}

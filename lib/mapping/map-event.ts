import { filtered, rejected, type Filtered, type Rejected } from '../outcome.ts';
import { resolveAppId } from '../rudderstack/app-id.ts';
import type { SupportedType } from '../rudderstack/event-types.ts';
import type { RudderStackEvent } from '../rudderstack/event.ts';
import type { Settings } from '../rudderstack/settings.ts';
import type { GroupSettings } from './group.ts';
import { mapIdentify } from './identify.ts';
import type { MapOptional } from './map-optional.ts';
import type { Mapped } from './mapped.ts';
import { TOOLS } from './tools.ts';
import { mapTrack, type TrackSettings } from './track.ts';

/**
 * Maps an admitted event to a call to Heap, or to two.
 *
 * @param arrivedAtMs when the event arrived, in ms since 1970; undefined if nobody knows
 * @param mapOptional maps the types that settings turn on; undefined if none is
 * @returns filtered if there is nothing to send; rejected if a value that Heap requires is missing
 */
export function mapEvent(
  given: RudderStackEvent,
  type: SupportedType,
  settings: Pick<Settings, 'appId'> & TrackSettings & GroupSettings,
  arrivedAtMs: number | undefined,
  mapOptional: MapOptional | undefined,
): Mapped | Filtered | Rejected {
  const { id, event } = resolveAppId(given, settings.appId);
  if (id === '') return rejected('missing_app_id', 'neither the event nor the setting appId gives an app id');
  const reception = { asItCame: given, arrivedAtMs };
  if (type === 'identify') return mapIdentify(event, id, settings, reception);
  if (type === 'track') return mapTrack(event, id, settings, reception);
  return mapOptional?.(event, type, id, settings, reception, TOOLS) ?? filtered('unsupported_type');
}

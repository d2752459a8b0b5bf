import type { Filtered, Rejected } from '../outcome.ts';
import type { OptionalType } from '../rudderstack/event-types.ts';
import type { RudderStackEvent } from '../rudderstack/event.ts';
import { mapGroup, type GroupSettings } from './group.ts';
import type { Mapped, Reception } from './mapped.ts';
import { mapPage } from './page.ts';
import type { Tools } from './tools.ts';
import type { TrackSettings } from './track.ts';

/** Maps an event of a type that a setting has turned on. */
export type MapOptional = (
  event: RudderStackEvent,
  type: OptionalType,
  appId: string,
  settings: TrackSettings & GroupSettings,
  reception: Reception,
  tools: Tools,
) => Mapped | Filtered | Rejected;

/** See `lib/forwarding/optional.ts`. */
export const mapOptional: MapOptional = (event, type, appId, settings, reception, tools) =>
  type === 'group'
    ? mapGroup(event, appId, settings, reception, tools)
    : mapPage(event, type, appId, settings, reception, tools);

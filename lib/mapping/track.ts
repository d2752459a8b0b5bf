import { LIMITS } from '../heap/api.ts';
import { rejected, type Filtered, type Rejected } from '../outcome.ts';
import type { RudderStackEvent } from '../rudderstack/event.ts';
import type { Settings } from '../rudderstack/settings.ts';
import { cutText, flatten, withCuts } from './flatten.ts';
import { readHeapIds, withHeapIds } from './heap-ids.ts';
import { readIdempotencyKey } from './idempotency-key.ts';
import { readIdentity, type IdentitySettings } from './identity.ts';
import { readTimestamp } from './timestamp.ts';
import type { Mapped, Reception } from './mapped.ts';

/** The settings that the mapping of an event depends on. */
export type TrackSettings = Pick<Settings, 'idempotencyKey'> & IdentitySettings;

/**
 * Maps a track event to a custom event with the same name. Ids of Heap's own SDK in its `integrations` stand in Heap's fields.
 *
 * @param event without the field that the app id was read from
 * @see https://www.rudderstack.com/docs/destinations/streaming-destinations/heap.io/#track
 */
export function mapTrack(
  event: RudderStackEvent,
  appId: string,
  settings: TrackSettings,
  { asItCame, arrivedAtMs }: Reception,
): Mapped | Filtered | Rejected {
  const name = readEventName(event.event);
  if (name === undefined) return rejected('missing_event', 'event is required');

  const heapIds = readHeapIds(event);
  const identity = readIdentity(event, settings, heapIds?.userId);
  if (identity.kind !== 'identity') return identity;

  const flat = flatten(event.properties);
  if (flat.kind === 'rejected') return flat;

  const key = readIdempotencyKey(asItCame, settings.idempotencyKey);
  if (key.kind === 'rejected') return key;

  const cutName = cutText(name, LIMITS.eventNameCharacters);
  const timestamp = readTimestamp(event, arrivedAtMs);
  const payload = {
    identity: identity.identity,
    event: cutName,
    properties: flat.properties,
    idempotency_key: key.key,
    timestamp,
  };
  const characters =
    flat.characters +
    payload.identity.length +
    cutName.length +
    payload.idempotency_key.length +
    (timestamp?.length ?? 0);
  const cutsOfName = withCuts(flat.cuts, 'eventNamesCut', cutName === name ? 0 : 1);
  const cutsOfTime = withCuts(cutsOfName, 'withoutTime', timestamp === undefined ? 1 : 0);
  const cuts = withCuts(cutsOfTime, 'heapIdsDropped', heapIds?.dropped ?? 0);
  const sent = heapIds === undefined ? payload : withHeapIds(payload, heapIds, identity.isHeapUserId === true);
  return { kind: 'mapped', call: { kind: 'track', appId, payload: sent }, cuts, characters };
}

/** The name is sent unchanged, including spaces at its ends, since Heap identifies the event by it. */
function readEventName(value: unknown): string | undefined {
  if (typeof value === 'number') return Number.isFinite(value) && value !== 0 ? String(value) : undefined;
  return typeof value === 'string' && value.trim() !== '' ? value : undefined;
}

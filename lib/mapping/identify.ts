import { filtered, type Filtered, type Rejected } from '../outcome.ts';
import { valueAt } from '../json.ts';
import type { RudderStackEvent } from '../rudderstack/event.ts';
import { flatten, type Flat } from './flatten.ts';
import { readIdentity, type IdentitySettings } from './identity.ts';
import { readTimestamp } from './timestamp.ts';
import type { Mapped, Reception } from './mapped.ts';

/**
 * Maps an identify event to user properties: those in `traits`, or in `context.traits` if `traits` has none. An event
 * without any is filtered.
 *
 * @param event without the field that the app id was read from
 * @see https://www.rudderstack.com/docs/destinations/streaming-destinations/heap.io/#identify
 * @see https://developers.heap.io/reference/add-user-properties
 */
export function mapIdentify(
  event: RudderStackEvent,
  appId: string,
  settings: IdentitySettings,
  { arrivedAtMs }: Reception,
): Mapped | Filtered | Rejected {
  const traits = readTraits(event);
  if (traits.kind !== 'flat') return traits;

  const identity = readIdentity(event, settings);
  if (identity.kind !== 'identity') return identity;

  const payload = { identity: identity.identity, properties: traits.properties };
  const timestamp = readTimestamp(event, arrivedAtMs);
  const characters = traits.characters + payload.identity.length + (timestamp?.length ?? 0);
  return {
    kind: 'mapped',
    call: { kind: 'add_user_properties', appId, payload, timestamp },
    cuts: traits.cuts,
    characters,
  };
}

function readTraits(event: RudderStackEvent): Flat | Filtered | Rejected {
  for (const traits of [event.traits, valueAt(event, ['context', 'traits'])]) {
    const flat = flatten(traits, isReserved);
    if (flat.kind === 'rejected' || flat.characters > 0) return flat;
  }
  return filtered('no_traits');
}

/** Heap refuses user properties named `user_id` or `id` (upper or lower case). */
function isReserved(name: string): boolean {
  return name === 'user_id' || (name.length === 2 && name.toLowerCase() === 'id');
}

import type { HeapUser } from '../heap/api.ts';
import { filtered, type Filtered, type Rejected } from '../outcome.ts';
import { valueAt } from '../json.ts';
import type { RudderStackEvent } from '../rudderstack/event.ts';
import { flatten, type Cuts, type Flat } from './flatten.ts';
import { readIdentity } from './identity.ts';
import { readTimestamp } from './timestamp.ts';

export interface MappedIdentify {
  readonly kind: 'mapped';
  readonly payload: HeapUser;
  /** When the traits were true, in ISO 8601. */
  readonly timestamp: string | undefined;
  readonly cuts: Cuts;
}

/**
 * An identify event sets user properties: those of `traits`, or of `context.traits` when the event's own traits set
 * nothing. Without any there is nothing to do for Heap, which is no failure.
 *
 * @see https://www.rudderstack.com/docs/destinations/streaming-destinations/heap.io/#identify
 * @see https://developers.heap.io/reference/add-user-properties
 */
export function mapIdentify(event: RudderStackEvent): MappedIdentify | Filtered | Rejected {
  const traits = readTraits(event);
  if (traits.kind !== 'flat') return traits;

  const identity = readIdentity(event);
  if (identity.kind === 'rejected') return identity;

  return {
    kind: 'mapped',
    payload: { identity: identity.identity, properties: traits.properties },
    timestamp: readTimestamp(event),
    cuts: traits.cuts,
  };
}

function readTraits(event: RudderStackEvent): Flat | Filtered | Rejected {
  for (const traits of [event.traits, valueAt(event, ['context', 'traits'])]) {
    const flat = flatten(traits, isReserved);
    if (flat.kind === 'rejected' || Object.keys(flat.properties).length > 0) return flat;
  }
  return filtered('no_traits');
}

/** Heap refuses `id` in any case, and `user_id`, as names of user properties. */
function isReserved(name: string): boolean {
  return name === 'user_id' || name.toLowerCase() === 'id';
}

import { LIMITS } from '../heap/api.ts';
import { rejected, type Rejected } from '../outcome.ts';
import type { RudderStackEvent } from '../rudderstack/event.ts';
import { cutText, flatten } from './flatten.ts';
import { readIdempotencyKey } from './idempotency-key.ts';
import { readIdentity } from './identity.ts';
import { readTimestamp } from './timestamp.ts';
import type { Mapped } from './mapped.ts';

/**
 * Maps a track event to a custom event with the same name.
 *
 * @see https://www.rudderstack.com/docs/destinations/streaming-destinations/heap.io/#track
 */
export function mapTrack(event: RudderStackEvent, appId: string): Mapped | Rejected {
  const name = readEventName(event.event);
  if (name === undefined) return rejected('missing_event', 'event is required');

  const identity = readIdentity(event);
  if (identity.kind === 'rejected') return identity;

  const flat = flatten(event.properties);
  if (flat.kind === 'rejected') return flat;

  const key = readIdempotencyKey(event);
  if (key.kind === 'rejected') return key;

  const cutName = cutText(name, LIMITS.eventNameCharacters);
  if (cutName !== name) flat.cuts.eventNamesCut = 1;
  const timestamp = readTimestamp(event);
  const payload = {
    identity: identity.identity,
    event: cutName,
    properties: flat.properties,
    idempotency_key: key.key,
    ...(timestamp === undefined ? {} : { timestamp }),
  };
  const texts = [identity.identity, cutName, key.key, timestamp ?? ''];
  const characters = texts.reduce((sum, text) => sum + text.length, flat.characters);
  return { kind: 'mapped', call: { kind: 'track', appId, payload }, cuts: flat.cuts, characters };
}

/** The name is sent unchanged, including spaces at its ends, since Heap identifies the event by it. */
function readEventName(value: unknown): string | undefined {
  if (typeof value === 'number') return Number.isFinite(value) && value !== 0 ? String(value) : undefined;
  return typeof value === 'string' && value.trim() !== '' ? value : undefined;
}

import { valueAt } from '../json.ts';
import { rejected, type Rejected } from '../outcome.ts';
import type { RudderStackEvent } from '../rudderstack/event.ts';
import type { Settings } from '../rudderstack/settings.ts';
import { removeInvisible } from '../visible-text.ts';
import { digestContent } from './content-digest.ts';

/**
 * Returns the key by which Heap recognizes duplicates: `properties.idempotencyKey`, else the `messageId` that RudderStack's
 * SDKs set (all but that for Rust), else a SHA-256 hash of the event. The hash stays the same after a redelivery or a redrive, unlike
 * SQS's message id.
 *
 * The events that a cloud transformation makes of one event all have its `messageId`. So the key also has a digest of the
 * event's name and properties, unless the setting is `messageId`. It has no times and no context: a copy of the event that
 * was sent later, or that another server has added to, has the same key.
 *
 * @param event as it came, with properties that are not nested too deeply
 * @returns rejected if the event has to be hashed and is nested too deeply for that
 * @see https://developers.heap.io/reference/track-1 (idempotency_key)
 * @see https://www.rudderstack.com/docs/transformations/create/
 */
export function readIdempotencyKey(
  event: RudderStackEvent,
  setting: Settings['idempotencyKey'],
): { readonly kind: 'key'; readonly key: string } | Rejected {
  const given = asText(valueAt(event, ['properties', 'idempotencyKey']))?.trim();
  if (given) return { kind: 'key', key: given };
  const messageId = removeInvisible(asText(event.messageId) ?? '');
  if (messageId !== '') {
    const key = setting === 'messageId' ? messageId : `${messageId}-${digestContent(event.event, event.properties)}`;
    return { kind: 'key', key };
  }
  // Loaded on demand, because loading it is slow at a cold start and events of the SDKs have ids.
  const { createHash } = process.getBuiltinModule('node:crypto');
  try {
    return { kind: 'key', key: createHash('sha256').update(JSON.stringify(event)).digest('hex') };
  } catch (error) {
    // JSON.stringify is recursive and JSON.parse is not, so an event that was parsed may be too deep to stringify.
    if (error instanceof RangeError)
      return rejected('too_deep', 'the event is nested too deeply to be written as JSON');
    throw error;
  }
}

function asText(value: unknown): string | undefined {
  return typeof value === 'string' || typeof value === 'number' ? String(value) : undefined;
}

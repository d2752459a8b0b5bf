import { rejected, type Rejected } from '../outcome.ts';
import { valueAt } from '../json.ts';
import type { RudderStackEvent } from '../rudderstack/event.ts';

/**
 * Returns the key by which Heap recognizes duplicates: `properties.idempotencyKey`, else the `messageId` that every
 * RudderStack SDK sets, else a SHA-256 hash of the event. The hash stays the same after a redelivery or a redrive, unlike
 * SQS's message id.
 *
 * @returns rejected if the event has to be hashed and is nested too deeply for that
 * @see https://developers.heap.io/reference/track-1 (idempotency_key)
 */
export function readIdempotencyKey(event: RudderStackEvent): { readonly kind: 'key'; readonly key: string } | Rejected {
  const given = asKey(valueAt(event, ['properties', 'idempotencyKey'])) ?? asKey(event.messageId);
  if (given !== undefined) return { kind: 'key', key: given };
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

function asKey(value: unknown): string | undefined {
  if (typeof value !== 'string' && typeof value !== 'number') return undefined;
  const key = String(value).trim();
  return key === '' ? undefined : key;
}

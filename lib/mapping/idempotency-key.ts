import { rejected, type Rejected } from '../outcome.ts';
import { valueAt } from '../json.ts';
import type { RudderStackEvent } from '../rudderstack/event.ts';

/**
 * The key by which Heap tells a redelivered event from a new one: the owner's `properties.idempotencyKey`, else the
 * `messageId` that every RudderStack SDK sets, else a SHA-256 of the event's own content. That content stays the same over
 * redelivery and redrive; SQS's message id does not.
 *
 * @returns rejected when the content has to be hashed and is nested too deeply for that
 * @see https://developers.heap.io/reference/track-1 (idempotency_key)
 */
export function readIdempotencyKey(event: RudderStackEvent): { readonly kind: 'key'; readonly key: string } | Rejected {
  const given = asKey(valueAt(event, ['properties', 'idempotencyKey'])) ?? asKey(event.messageId);
  if (given !== undefined) return { kind: 'key', key: given };
  // Loading it takes longer than anything else in a cold start, and the SDKs' events have ids.
  const { createHash } = process.getBuiltinModule('node:crypto');
  try {
    return { kind: 'key', key: createHash('sha256').update(JSON.stringify(event)).digest('hex') };
  } catch (error) {
    // JSON.stringify recurses, JSON.parse does not: what could be read cannot always be written.
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

import type { valueAt } from '../json.ts';
import type { RudderStackEvent } from '../rudderstack/event.ts';

type ValueAt = typeof valueAt;

/**
 * What `metadata(event)` gives: what is known here of what RudderStack knows. Everything else is undefined, as in RudderStack when
 * it does not know.
 *
 * @see https://www.rudderstack.com/docs/transformations/runtime-functions/
 */
export interface Metadata {
  readonly messageId: string | undefined;
  readonly rudderId: string | undefined;
  readonly sourceId: string | undefined;
  readonly sourceName: string | undefined;
  readonly sourceType: string | undefined;
  readonly destinationId: string | undefined;
  readonly destinationName: string | undefined;
  readonly destinationType: 'HEAP';
  readonly receivedAt: string | undefined;
  readonly eventName: string | undefined;
  readonly eventType: string | undefined;
  readonly mode: 'cloudMode';
}

/** Where RudderStack's pipeline leaves the ids and names of a source and a destination in an event. */
const OF_PIPELINE = ['sourceId', 'sourceName', 'sourceType', 'destinationId', 'destinationName'] as const;

/**
 * Reads the metadata of an event, before the transformation may change it.
 *
 * @param valueAt see `lib/json.ts`
 */
export function readMetadata(event: RudderStackEvent, valueAt: ValueAt): Metadata {
  const text = (...path: readonly string[]): string | undefined => {
    const value = valueAt(event, path);
    return typeof value === 'string' ? value : undefined;
  };
  const [sourceId, sourceName, sourceType, destinationId, destinationName] = OF_PIPELINE.map(
    (name) => text('context', name) ?? text(name),
  );
  return {
    messageId: text('messageId'),
    rudderId: text('rudderId'),
    sourceId,
    sourceName,
    sourceType,
    destinationId,
    destinationName,
    destinationType: 'HEAP',
    receivedAt: text('receivedAt'),
    eventName: text('event'),
    eventType: text('type'),
    mode: 'cloudMode',
  };
}

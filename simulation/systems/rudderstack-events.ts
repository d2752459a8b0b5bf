import type { SimulatedEvent } from '../model/event.ts';

/** Returns an event as RudderStack would put it into the queue, as short as can be. Its number can be found again in what is sent to Heap. */
export function toBody({ id, user, call }: SimulatedEvent): string {
  return call === 'track'
    ? `{"type":"track","event":"E","userId":"u${user}","messageId":"m${id}"}`
    : `{"type":"identify","userId":"u${user}","traits":{"m${id}":1}}`;
}

/** The number in the idempotency key of a track event, in its `messageId`, or in the name of a trait. */
const NUMBER = /"m(?<id>\d+)["-]/g;

/** Finds the events that are in a request to Heap or in a dead letter. */
export function eventsIn(text: string, events: readonly SimulatedEvent[]): readonly SimulatedEvent[] {
  const found: SimulatedEvent[] = [];
  for (const { groups } of text.matchAll(NUMBER)) {
    const event = events[Number(groups?.['id'])];
    if (event !== undefined) found.push(event);
  }
  return found;
}

import type { SimulatedEvent } from '../model/event.ts';
import type { World } from './system.ts';

/** Calls `send` with each event at its time. Returns whether events are left. */
export function startArrivals(
  { events, scheduler }: Pick<World, 'events' | 'scheduler'>,
  send: (event: SimulatedEvent) => void,
): () => boolean {
  let next = 0;
  function sendDue(): void {
    for (let event = events[next]; event !== undefined; event = events[next]) {
      if (event.sentAt > scheduler.now()) {
        scheduler.at(event.sentAt, sendDue);
        return;
      }
      send(event);
      next += 1;
    }
  }
  scheduler.at(0, sendDue);
  return () => next < events.length;
}

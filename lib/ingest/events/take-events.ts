import { randomUUID } from 'node:crypto';
import type { Clock } from '../../clock.ts';
import { readBody } from '../http/read-body.ts';
import { refuse, type Refusal } from '../http/refusal.ts';
import type { HttpRequest } from '../http/request.ts';
import type { EventRoute } from '../http/routes.ts';
import type { EventQueue } from './event-queue.ts';
import { messageIdsOf } from './message-id.ts';
import { readPixel } from './pixel.ts';
import { readEvents, type ReceivedEvents } from './read-events.ts';
import { sendMessages } from './send.ts';
import { hasUnreadableTime, stampEvent } from './stamp.ts';
import { toMessages } from './to-messages.ts';

/** What `takeEvents` uses. */
export interface TakeDependencies {
  readonly queue: EventQueue;
  readonly clock: Clock;
  /** In [0, 1). */
  readonly random: () => number;
  /** Called when a whole call to SQS fails. */
  readonly onFailure: (error: unknown) => void;
}

/** All events of the request are in the queue. */
export interface Taken {
  readonly kind: 'taken';
  readonly events: number;
  readonly messages: number;
  /** Events whose time cannot be read, so that they have the time of the request. */
  readonly withoutTime: number;
}

/**
 * Reads the events of a request, adds the fields that RudderStack's gateway adds, and sends them to the queue.
 *
 * @param deadline when to stop sending, in ms since 1970
 * @returns refused unless every event is in the queue
 */
export async function takeEvents(
  request: HttpRequest,
  route: EventRoute,
  deadline: number,
  { queue, clock, random, onFailure }: TakeDependencies,
): Promise<Taken | Refusal> {
  const received = route.kind === 'pixel' ? readPixel(route.type, request.query) : readPosted(request, route);
  if (received.kind === 'refused') return received;
  const receivedAtMs = clock.now();
  const reception = {
    receivedAtMs,
    sentAt: received.sentAt,
    requestIp: request.sourceIp,
    // A browser that loads an image twice has shown it twice: equal pixels are several events.
    newMessageId: route.kind === 'pixel' ? () => randomUUID() : messageIdsOf(receivedAtMs),
  };
  const stamped = received.events.map((event) => stampEvent(event, reception));
  const batched = toMessages(stamped, queue.isFifo);
  if (batched.kind === 'refused') return batched;
  const unsent = await sendMessages(batched.messages, deadline, { queue, clock, random, onFailure });
  if (unsent > 0) return refuse('queue_unavailable');
  const withoutTime = received.events.filter((event) => hasUnreadableTime(event, reception)).length;
  return { kind: 'taken', events: stamped.length, messages: batched.messages.length, withoutTime };
}

function readPosted(
  request: HttpRequest,
  route: Exclude<EventRoute, { readonly kind: 'pixel' }>,
): ReceivedEvents | Refusal {
  const body = readBody(request.body);
  return body.kind === 'refused' ? body : readEvents(route, body.value);
}

import { randomUUID } from 'node:crypto';
import { readBody } from '../http/read-body.ts';
import type { Refusal } from '../http/refusal.ts';
import type { HttpRequest } from '../http/request.ts';
import type { EventRoute } from '../http/routes.ts';
import { enqueueEvents, type EnqueueDependencies, type Taken } from './enqueue-events.ts';
import { messageIdsOf } from './message-id.ts';
import { readPixel } from './pixel.ts';
import { readEvents, type ReceivedElements } from './read-events.ts';

/**
 * Mobile SDKs name their channel in every event. Those in Java and Objective-C repeat a batch that is refused for ever, and
 * nothing behind it gets through.
 *
 * @see docs/ingest.md, "What SDKs do with an answer"
 */
const FROM_APP = /"channel"\s*:\s*"mobile"/;

/**
 * Reads the elements of a request and puts each into a queue: see `enqueueEvents`.
 *
 * @param source the name of the source that sent the request
 * @param deadline when to stop sending, in ms since 1970
 * @returns refused unless every element is in one of the queues; also if none can be used and the sender is no mobile app
 */
export async function takeEvents(
  request: HttpRequest,
  route: EventRoute,
  { source, deadline }: { readonly source: string; readonly deadline: number },
  dependencies: EnqueueDependencies,
): Promise<Taken | Refusal> {
  const received = route.kind === 'pixel' ? readPixel(route.type, request.query) : readPosted(request, route);
  if (received.kind === 'refused') return received;
  const { elements, sentAt, text } = received;
  const receivedAtMs = dependencies.clock.now();
  const reception = {
    receivedAtMs,
    sentAt,
    requestIp: request.sourceIp,
    // A browser that loads an image twice has shown it twice: equal pixels are several events.
    newMessageId: route.kind === 'pixel' ? () => randomUUID() : messageIdsOf(receivedAtMs),
    source,
    deadline,
    text,
    isKeptIfNothingIsUsable: () => route.kind === 'batch' && FROM_APP.test(text()),
  };
  return await enqueueEvents(elements, reception, dependencies);
}

function readPosted(
  request: HttpRequest,
  route: Exclude<EventRoute, { readonly kind: 'pixel' }>,
): ReceivedElements | Refusal {
  const body = readBody(request);
  return body.kind === 'refused' ? body : readEvents(route, body.text);
}

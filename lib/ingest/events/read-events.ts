import { isArray, isObject, type JsonObject } from '../../json.ts';
import type { RudderStackEvent } from '../../rudderstack/event.ts';
import { isRudderStackType } from '../../rudderstack/event-types.ts';
import { idText } from './id-text.ts';
import { refuse, type Refusal } from '../http/refusal.ts';
import type { Route } from '../http/routes.ts';

/** The maximum number of events per request. The SDKs send at most some hundreds. */
export const MOST_EVENTS = 10_000;

/** The events of one request, in order. */
export interface ReceivedEvents {
  readonly kind: 'events';
  readonly events: readonly RudderStackEvent[];
  /** The batch's own `sentAt`, unchecked. */
  readonly sentAt: unknown;
}

/** Reads the events from a body. As in RudderStack's gateway, one invalid event makes the whole request fail. */
export function readEvents(
  route: Extract<Route, { readonly kind: 'event' | 'batch' | 'webhook' }>,
  value: unknown,
): ReceivedEvents | Refusal {
  const elements = elementsOf(route, value);
  if (elements.length === 0) return refuse('empty_batch');
  if (elements.length > MOST_EVENTS) {
    return refuse('too_many_events', `the batch has ${elements.length} events, the limit is ${MOST_EVENTS}`);
  }
  const place = (index: number): string => (route.kind === 'event' ? 'the body' : `the event with index ${index}`);
  const events: RudderStackEvent[] = [];
  for (const [index, element] of elements.entries()) {
    if (!isObject(element) || JSON.isRawJSON(element))
      return refuse('no_event', `${place(index)} is not a JSON object`);
    const event = route.kind === 'event' ? { ...element, type: route.type } : element;
    // RudderStack drops an event that its webhook refuses. Accepted, it becomes a dead letter with a reason.
    if (route.kind !== 'webhook' && !hasIdentity(event)) {
      return refuse('missing_identity', `${place(index)} has neither`);
    }
    events.push(event);
  }
  return { kind: 'events', events, sentAt: isObject(value) && route.kind === 'batch' ? value['sentAt'] : undefined };
}

function elementsOf(route: { readonly kind: 'event' | 'batch' | 'webhook' }, value: unknown): readonly unknown[] {
  if (route.kind === 'event') return [value];
  const batch = isObject(value) ? value['batch'] : undefined;
  // An event of RudderStack's servers may have a field of this name.
  const isEvent = route.kind === 'webhook' && isObject(value) && isRudderStackType(value['type']);
  if (isArray(batch) && !isEvent) return batch;
  if (route.kind === 'batch') return [];
  return isArray(value) ? value : [value];
}

/** Events that represent rows of a warehouse need no user. */
function hasIdentity(event: JsonObject): boolean {
  if (event['type'] === 'extract' || event['type'] === 'record') return true;
  return idText(event['userId']) !== '' || idText(event['anonymousId']) !== '';
}

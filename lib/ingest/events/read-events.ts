import { isArray, isObject, type JsonObject } from '../../json.ts';
import type { RudderStackEvent } from '../../rudderstack/event.ts';
import { idText } from './id-text.ts';
import { refuse, type Refusal } from '../http/refusal.ts';
import type { Route } from '../http/routes.ts';

/** Events of one request. The SDKs send some hundreds at most. */
export const MOST_EVENTS = 10_000;

/** The events of one request, in its order. */
export interface ReceivedEvents {
  readonly kind: 'events';
  readonly events: readonly RudderStackEvent[];
  /** What the batch says of all its events. */
  readonly sentAt: unknown;
}

/**
 * Takes the events out of a body, as RudderStack's gateway does: one that cannot be taken fails the whole request, so that
 * its sender knows.
 */
export function readEvents(
  route: Extract<Route, { readonly kind: 'event' | 'batch' | 'webhook' }>,
  value: unknown,
): ReceivedEvents | Refusal {
  const elements = elementsOf(route, value);
  if (elements.length === 0) return refuse('empty_batch');
  if (elements.length > MOST_EVENTS) {
    return refuse('too_many_events', `the batch has ${elements.length} events, ${MOST_EVENTS} are the most`);
  }
  const place = (index: number): string => (route.kind === 'event' ? 'the body' : `the event with index ${index}`);
  const events: RudderStackEvent[] = [];
  for (const [index, element] of elements.entries()) {
    if (!isObject(element)) return refuse('no_event', `${place(index)} is no JSON object`);
    const event = route.kind === 'event' ? { ...element, type: route.type } : element;
    // What comes by webhook RudderStack has taken before: refused, it would be lost; taken, it is kept with its reason.
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
  if (isArray(batch)) return batch;
  if (route.kind === 'batch') return [];
  return isArray(value) ? value : [value];
}

/** Events that describe rows of a warehouse have no user. */
function hasIdentity(event: JsonObject): boolean {
  if (event['type'] === 'extract' || event['type'] === 'record') return true;
  return idText(event['userId']) !== '' || idText(event['anonymousId']) !== '';
}

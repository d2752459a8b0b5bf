import type { RudderStackEvent } from '../../rudderstack/event.ts';
import { refuse, type Refusal } from '../http/refusal.ts';
import { idText } from './id-text.ts';
import type { ReceivedEvents } from './read-events.ts';

/** What a parameter's name may begin with to stand inside of that object; every other name is a field of the event. */
const OBJECTS = ['context.traits.', 'context.', 'properties.', 'traits.'] as const;

/**
 * An event out of a pixel's query, as mails and AMP pages send it: each parameter is a text of the event, `properties.price=10` one of
 * its properties.
 *
 * @returns no events for a track call without a name: RudderStack drops it as well
 */
export function readPixel(type: 'track' | 'page', query: URLSearchParams): ReceivedEvents | Refusal {
  const fields = new Map<string, unknown>();
  const within = new Map<string, [string, string][]>();
  for (const [name, value] of query) {
    if (name === 'writeKey') continue;
    const object = OBJECTS.find((prefix) => name.startsWith(prefix) && name.length > prefix.length);
    if (object === undefined) fields.set(name, value);
    else within.set(object, [...(within.get(object) ?? []), [name.slice(object.length), value]]);
  }
  const traits = within.get('context.traits.');
  const context = {
    ...Object.fromEntries(within.get('context.') ?? []),
    ...(traits && { traits: Object.fromEntries(traits) }),
  };
  const event: RudderStackEvent = {
    ...Object.fromEntries(fields),
    ...(within.has('properties.') && { properties: Object.fromEntries(within.get('properties.') ?? []) }),
    ...(within.has('traits.') && { traits: Object.fromEntries(within.get('traits.') ?? []) }),
    ...(Object.keys(context).length > 0 && { context }),
    ...(type === 'page' && { name: fields.get('name') || 'Unknown Page' }),
    type,
    channel: 'web',
    integrations: { All: true },
  };
  if (idText(event.userId) === '' && idText(event.anonymousId) === '') return refuse('missing_identity');
  const isNameless = type === 'track' && idText(event.event) === '';
  return { kind: 'events', events: isNameless ? [] : [event], sentAt: undefined };
}

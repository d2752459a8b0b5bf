import type { RudderStackEvent } from '../../rudderstack/event.ts';
import { refuse, type Refusal } from '../http/refusal.ts';
import { idText } from './id-text.ts';
import type { ReceivedEvents } from './read-events.ts';

/** A parameter with one of these prefixes belongs to that object. Every other parameter is a field of the event. */
const OBJECTS = ['context.traits.', 'context.library.', 'context.', 'properties.', 'traits.'] as const;
/** No SDK has sent the event, unless the query names one. */
const NO_SDK: readonly [string, string] = ['name', 'pixel'];

/**
 * Reads an event from the query of a pixel request, as e-mails and AMP pages send it. Each parameter becomes a string in the
 * event, for example `properties.price=10` a property.
 *
 * @returns no events for a track call without a name, since RudderStack drops such an event too
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
    library: Object.fromEntries([NO_SDK, ...(within.get('context.library.') ?? [])]),
  };
  const event: RudderStackEvent = {
    ...Object.fromEntries(fields),
    ...(within.has('properties.') && { properties: Object.fromEntries(within.get('properties.') ?? []) }),
    ...(within.has('traits.') && { traits: Object.fromEntries(within.get('traits.') ?? []) }),
    context,
    ...(type === 'page' && { name: fields.get('name') || 'Unknown Page' }),
    type,
    channel: 'web',
    integrations: { All: true },
  };
  if (idText(event.userId) === '' && idText(event.anonymousId) === '') return refuse('missing_identity');
  const isNameless = type === 'track' && idText(event.event) === '';
  return { kind: 'events', events: isNameless ? [] : [event], sentAt: undefined };
}

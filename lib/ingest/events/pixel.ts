import { isObject, type JsonObject } from '../../json.ts';
import type { RudderStackEvent } from '../../rudderstack/event.ts';
import { refuse, type Refusal } from '../http/refusal.ts';
import { readElement } from './element.ts';
import { MOST_NESTING, type ReceivedElements } from './read-events.ts';

/** The members of an object, each a text or an object itself. */
interface Members extends Map<string, string | Members> {}

/** No SDK has sent the event, unless the query names one. */
const NO_SDK = { name: 'pixel' };

/**
 * Reads an event from the query of a pixel request, as AMP pages and e-mails send it. As at RudderStack, each parameter
 * becomes a string, a dot in its name separates a member from its object (`properties.price.net=10`), and the first of
 * several parameters with one name counts.
 *
 * A track call without a name is kept, unlike at RudderStack: it becomes a dead letter with a reason. In `integrations`, the
 * rest of the name is a destination's, and `true` and `false` are booleans, since only these have an effect.
 *
 * @see https://github.com/rudderlabs/rudder-server/blob/master/gateway/handle_http_pixel.go
 * @see https://github.com/ampproject/amphtml/blob/main/extensions/amp-analytics/0.1/vendors/rudderstack.json
 */
export function readPixel(type: 'track' | 'page', query: URLSearchParams): ReceivedElements | Refusal {
  const members: Members = new Map();
  for (const [name, value] of query) {
    if (name === 'writeKey') continue;
    const path = pathOf(name);
    if (path.length > MOST_NESTING)
      return refuse('too_deep', `a parameter is nested more than ${MOST_NESTING} levels deep`);
    put(members, path, value);
  }
  const fields = toObject(members);
  const { context, integrations, channel, name, anonymousId } = fields;
  const event: RudderStackEvent = {
    ...fields,
    ...(typeof anonymousId === 'string' && { anonymousId: withoutQuotes(anonymousId) }),
    ...(type === 'page' && { name: name || 'Unknown Page' }),
    context: withLibrary(context),
    type,
    channel: channel || 'web',
    integrations: readIntegrations(integrations),
  };
  // A pixel has no JSON of its own.
  const text = (): string => JSON.stringify(event);
  const element = readElement(event, true, { index: undefined, text, characters: 0 });
  return { kind: 'elements', elements: [element], sentAt: undefined, text };
}

/** Splits a name at its dots. A backslash makes a dot part of a name, as in RudderStack's gateway. */
function pathOf(name: string): readonly string[] {
  const parts = name.split(/(?<!\\)\./).map((part) => part.replaceAll('\\.', '.'));
  if (parts.includes('')) return [name];
  const [root = '', ...destination] = parts;
  return root === 'integrations' && destination.length > 0 ? [root, destination.join('.')] : parts;
}

function put(members: Members, [key = '', ...rest]: readonly string[], value: string): void {
  const found = members.get(key);
  if (rest.length === 0) {
    if (found === undefined) members.set(key, value);
    return;
  }
  const inner: Members = found instanceof Map ? found : new Map();
  members.set(key, inner);
  put(inner, rest, value);
}

function toObject(members: Members): JsonObject {
  return Object.fromEntries([...members].map(([key, value]) => [key, value instanceof Map ? toValue(value) : value]));
}

/** Members that are numbered from 0 on are the elements of a list, for example in `properties.products.0.sku`. */
function toValue(members: Members): unknown {
  const object = toObject(members);
  const keys = Object.keys(object);
  const isList = keys.every((key, index) => key === String(index));
  return isList ? Object.values(object) : object;
}

/** AMP reads the id from a cookie, in which it is quoted. */
function withoutQuotes(id: string): string {
  return /^"(?<quoted>.*)"$/s.exec(id)?.groups?.['quoted'] ?? id;
}

function withLibrary(context: unknown): JsonObject {
  const given = isObject(context) ? context : {};
  const library = isObject(given['library']) ? given['library'] : {};
  return { ...given, library: { ...NO_SDK, ...library } };
}

function readIntegrations(given: unknown): unknown {
  if (given === undefined || given === '') return { All: true };
  if (!isObject(given)) return given;
  const destinations = Object.entries(given).map(([name, value]) => [name, asBoolean(value)]);
  return { All: true, ...Object.fromEntries(destinations) };
}

function asBoolean(value: unknown): unknown {
  const text = typeof value === 'string' ? value.trim().toLowerCase() : value;
  if (text === 'true') return true;
  return text === 'false' ? false : value;
}

import { isObject, valueAt } from '../json.ts';
import type { RudderStackEvent } from './event.ts';

/**
 * The id of the Heap environment that receives the events: a fixed id, or RudderStack's dynamic configuration
 * `{{ path || default }}`, which reads it from each event.
 *
 * @see https://www.rudderstack.com/docs/destinations/overview/#dynamic-configuration
 */
export type AppId =
  | { readonly kind: 'fixed'; readonly id: string }
  | { readonly kind: 'from_event'; readonly path: readonly string[]; readonly otherwise: string };

const MAX_LENGTH = 100;
const TEMPLATE = /^\{\{(?<path>.*?)\|\|(?<otherwise>.*)\}\}$/s;
/** The path in a template starts with `message` or `event`, which both mean the event. */
const PATH = /^(?:message|event)(?:\.[A-Za-z_]\w*)+$/;

/** Parses the setting `appId`. A `problem` is a phrase that follows the name of the setting. */
export function parseAppId(setting: string): AppId | { readonly kind: 'wrong'; readonly problem: string } {
  const value = setting.trim();
  if (value === '') return wrong('is required (the id of a Heap environment, as a string)');

  if (value.startsWith('{{')) {
    const { path = '', otherwise = '' } = TEMPLATE.exec(value)?.groups ?? {};
    if (!PATH.test(path.trim()))
      return wrong('has to have the form {{ message.path.to.id || "default" }} to be read from the event');
    const [, ...keys] = path.trim().split('.');
    const fallback = withoutQuotes(otherwise.trim());
    return { kind: 'from_event', path: keys, otherwise: fallback };
  }
  if (value.startsWith('env.'))
    return wrong('cannot be an env. reference, which only RudderStack resolves: give the id itself');
  if (value.length > MAX_LENGTH) return wrong(`is longer than ${MAX_LENGTH} characters`);
  return { kind: 'fixed', id: value };
}

/**
 * Returns the app id for an event, and the event without the field that the id was read from. RudderStack removes this field
 * too, so that it does not become a property. The id is empty if neither the event nor the setting contains one.
 */
export function resolveAppId(
  event: RudderStackEvent,
  appId: AppId,
): { readonly id: string; readonly event: RudderStackEvent } {
  if (appId.kind === 'fixed') return { id: appId.id, event };
  const found = valueAt(event, appId.path);
  const id = typeof found === 'string' || typeof found === 'number' ? String(found).trim() : '';
  if (id === '' || id.length > MAX_LENGTH) return { id: appId.otherwise, event };
  return { id, event: without(event, appId.path) };
}

function without(object: RudderStackEvent, [key, ...rest]: readonly string[]): RudderStackEvent {
  if (key === undefined) return object;
  const { [key]: value, ...others } = object;
  return rest.length > 0 && isObject(value) ? { ...object, [key]: without(value, rest) } : others;
}

function withoutQuotes(value: string): string {
  return value.replaceAll(/^["']|["']$/g, '');
}

function wrong(problem: string): { readonly kind: 'wrong'; readonly problem: string } {
  return { kind: 'wrong', problem };
}

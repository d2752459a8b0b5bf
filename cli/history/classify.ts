import { isObject, type JsonObject } from '../../lib/json.ts';
import { isRudderStackType } from '../../lib/rudderstack/event-types.ts';
import { shapeOf } from '../../lib/rudderstack/shape.ts';
import { otherProductOf, type OtherProduct } from './other-products.ts';

/** What one value of a file is, by itself. */
export type ItemShape =
  | { readonly kind: 'dead_letter' }
  /** A batch, or another envelope that the function unwraps. */
  | { readonly kind: 'envelope' }
  /** An event as sent by an SDK, or written by a storage destination. */
  | { readonly kind: 'event' }
  /** The same with its fields as columns: in CSV, or in a table with columns of JSON. */
  | { readonly kind: 'event_in_columns' }
  | { readonly kind: 'row' }
  /** A message of Kafka as kcat prints it, with the text of an event. */
  | { readonly kind: 'kafka'; readonly text: string }
  | { readonly kind: 'other_product'; readonly product: OtherProduct }
  | { readonly kind: 'unknown' };

/** Keys that only events have, not rows. */
const CAMEL_CASE = ['messageId', 'userId', 'anonymousId', 'originalTimestamp', 'receivedAt', 'sentAt'];
/** Columns that only RudderStack's tables have. */
const OF_ROWS = ['received_at', 'original_timestamp', 'event_text', 'uuid_ts', 'rudder_event', '_timestamp'];
const TIMES = ['timestamp', 'sent_at'];
const IDS = ['user_id', 'anonymous_id'];
const DATA = ['properties', 'traits', 'context'];

/** Tells what a value of a file is. */
export function classify(value: unknown): ItemShape {
  if (!isObject(value)) return { kind: Array.isArray(value) ? 'envelope' : 'unknown' };
  if (isObject(value['deadLetter'])) return { kind: 'dead_letter' };
  const keys = Object.keys(value);
  const isRow = !CAMEL_CASE.some((key) => key in value) && isRowWith(keys);
  if (!isRow && isRudderStackType(value['type'])) {
    const isFlat = keys.some((key) => key.includes('.') && DATA.includes(key.slice(0, key.indexOf('.'))));
    return {
      kind:
        isFlat || !(CAMEL_CASE.some((key) => key in value) || DATA.some((key) => key in value))
          ? flatOr(keys)
          : 'event',
    };
  }
  const product = otherProductOf(keysOf(value));
  if (product !== undefined && !isRow) return { kind: 'other_product', product };
  if (isFlatEvent(keys)) return { kind: 'event_in_columns' };
  if (isRow) return { kind: 'row' };
  if (typeof value['payload'] === 'string' && 'topic' in value && 'offset' in value)
    return { kind: 'kafka', text: value['payload'] };
  return { kind: shapeOf(value).kind === 'event' && !isStamped(value) ? 'unknown' : 'envelope' };
}

/** An event without any usual field counts as one all the same: the function says what is missing. */
function flatOr(keys: readonly string[]): 'event' | 'event_in_columns' {
  return isFlatEvent(keys) ? 'event_in_columns' : 'event';
}

/** Whether columns are those of RudderStack's tables. */
export function isRowWith(names: readonly string[]): boolean {
  const lower = new Set(names.map((name) => name.toLowerCase()));
  const has = (name: string): boolean => lower.has(name);
  return OF_ROWS.some(has) || (TIMES.some(has) && IDS.some(has) && !has('type'));
}

/** Whether columns are the fields of an event: in camel case or snake case, with its data as JSON or with dots. */
export function isFlatEvent(names: readonly string[]): boolean {
  const bare = new Set(names.map(bareName));
  const roots = new Set(names.map((name) => bareName(name.split('.')[0] ?? '')));
  const hasId = ['messageid', 'userid', 'anonymousid'].some((id) => bare.has(id));
  const isNamed = names.some((name) => CAMEL_CASE.includes(name));
  return bare.has('type') && hasId && (isNamed || DATA.some((name) => roots.has(name)));
}

/** A name of a column without case and underscores: `USER_ID`, `userId` and `user_id` are one. */
export function bareName(name: string): string {
  return name.toLowerCase().replaceAll('_', '');
}

function keysOf(value: JsonObject): ReadonlySet<string> {
  const inProperties = isObject(value['properties'])
    ? Object.keys(value['properties']).map((key) => `properties.${key}`)
    : [];
  return new Set([...Object.keys(value), ...inProperties].map((key) => key.toLowerCase()));
}

/** An event that the HTTP endpoint has stamped, or RudderStack's gateway, of a type that is not known. */
function isStamped(value: JsonObject): boolean {
  return ['rudderId', 'messageId', 'receivedAt'].every((key) => typeof value[key] === 'string');
}

/** Any JSON object. Its values are `unknown` on purpose: whatever comes off the queue has to be looked at first. */
export type JsonObject = { readonly [key: string]: unknown };

/**
 * One RudderStack event as it stands on the wire. Nothing about it is certain but that it is an object: the fields below
 * are those that this project reads, and each reader checks the value that it finds.
 *
 * @see https://www.rudderstack.com/docs/event-spec/standard-events/common-fields/
 */
export interface RudderStackEvent extends JsonObject {
  readonly type?: unknown;
  readonly messageId?: unknown;
  readonly userId?: unknown;
  readonly anonymousId?: unknown;
  readonly channel?: unknown;
  readonly context?: unknown;
  readonly integrations?: unknown;
  readonly timestamp?: unknown;
  readonly originalTimestamp?: unknown;
  readonly event?: unknown;
  readonly properties?: unknown;
  readonly traits?: unknown;
}

/** True for a JSON object; false for arrays, null and scalars. */
export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** True for an array, with elements that still have to be looked at. */
export function isArray(value: unknown): value is readonly unknown[] {
  return Array.isArray(value);
}

/** The value at `path`, or undefined as soon as one step is no object or has no such key of its own. */
export function valueAt(root: unknown, path: readonly string[]): unknown {
  let value = root;
  for (const key of path) {
    if (!isObject(value) || !Object.hasOwn(value, key)) return undefined;
    value = value[key];
  }
  return value;
}

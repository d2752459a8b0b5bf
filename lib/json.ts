/** Any JSON object. Its values are `unknown` on purpose: whatever comes off the queue has to be looked at first. */
export type JsonObject = { readonly [key: string]: unknown };

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

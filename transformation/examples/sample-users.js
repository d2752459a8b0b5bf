// @ts-check
// Keeps a tenth of the users, and all events of each of them. A random number would keep some events of everybody, and would give
// another answer when an event is sent again.
const KEPT_PERCENT = 10;

/** @param {string} text */
function bucketOf(text) {
  let hash = 0;
  for (const character of text) hash = (Math.imul(hash, 31) + (character.codePointAt(0) ?? 0)) >>> 0;
  return hash % 100;
}

/**
 * @param {import('../types.d.ts').RudderEvent} event
 * @returns {import('../types.d.ts').Returned}
 */
export function transformEvent(event) {
  return bucketOf(event.userId ?? event.anonymousId ?? '') < KEPT_PERCENT ? event : null;
}

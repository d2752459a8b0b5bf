// @ts-check
// Replaces e-mail addresses by their SHA-256, so that Heap can tell people apart and not read who they are.
import { createHash } from 'node:crypto';

/** @param {string} email */
function hash(email) {
  return createHash('sha256').update(email.trim().toLowerCase()).digest('hex');
}

/**
 * @param {import('../types.d.ts').RudderEvent} event
 * @returns {import('../types.d.ts').Returned}
 */
export function transformEvent(event) {
  for (const part of [event.properties, event.traits, event.context?.traits]) {
    if (typeof part?.email === 'string') part.email = hash(part.email);
  }
  return event;
}

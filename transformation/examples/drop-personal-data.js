// @ts-check
// Removes personal data by the names of its fields, wherever they stand.
const PERSONAL = new Set(['email', 'phone', 'firstname', 'lastname', 'birthday', 'ssn', 'ip']);

/** @param {unknown} value */
function clean(value) {
  if (typeof value !== 'object' || value === null) return;
  for (const [name, inner] of Object.entries(value)) {
    if (PERSONAL.has(name.toLowerCase())) Reflect.deleteProperty(value, name);
    else clean(inner);
  }
}

/**
 * @param {import('../types.d.ts').RudderEvent} event
 * @returns {import('../types.d.ts').Returned}
 */
export function transformEvent(event) {
  for (const part of [event.properties, event.traits, event.context]) clean(part);
  return event;
}

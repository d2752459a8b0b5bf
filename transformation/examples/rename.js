// @ts-check
// Gives events and properties the names that Heap has for them.
/** @type {Record<string, string>} */
const EVENTS = { signup: 'Signed Up', purchase: 'Order Completed' };
/** @type {Record<string, string>} */
const PROPERTIES = { amount: 'revenue', src: 'source' };

/**
 * @param {import('../types.d.ts').RudderEvent} event
 * @returns {import('../types.d.ts').Returned}
 */
export function transformEvent(event) {
  if (event.type !== 'track') return event;
  const properties = Object.entries(event.properties ?? {}).map(([name, value]) => [PROPERTIES[name] ?? name, value]);
  return {
    ...event,
    event: EVENTS[event.event ?? ''] ?? event.event,
    properties: Object.fromEntries(properties),
  };
}

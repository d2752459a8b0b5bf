// @ts-check
// Lets the named track events through, and drops all others. Other calls pass.
const ALLOWED = new Set(['Signed Up', 'Order Completed', 'Plan Changed']);

/**
 * @param {import('../types.d.ts').RudderEvent} event
 * @returns {import('../types.d.ts').Returned}
 */
export function transformEvent(event) {
  if (event.type === 'track' && !ALLOWED.has(event.event ?? '')) return null;
  return event;
}

// @ts-check
// Makes user properties of a track event: its type changes, and what Heap reads of an identify call is filled in.

/**
 * @param {import('../types.d.ts').RudderEvent} event
 * @returns {import('../types.d.ts').Returned}
 */
export function transformEvent(event) {
  if (event.type !== 'track' || event.event !== 'Profile Updated') return event;
  const { properties, event: _, ...others } = event;
  return { ...others, type: 'identify', traits: properties };
}

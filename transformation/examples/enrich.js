// @ts-check
// Adds what can be worked out of the event itself: here the channel, from the campaign and the referrer.

/** @param {import('../types.d.ts').Fields} context */
function channelOf(context) {
  const medium = String(context['campaign']?.medium ?? '').toLowerCase();
  if (['cpc', 'ppc', 'paid'].includes(medium)) return 'paid';
  if (medium === 'email') return 'email';
  return context['page']?.referrer ? 'referral' : 'direct';
}

/**
 * @param {import('../types.d.ts').RudderEvent} event
 * @returns {import('../types.d.ts').Returned}
 */
export function transformEvent(event) {
  if (event.type !== 'track') return event;
  event.properties = { ...event.properties, channel: channelOf(event.context ?? {}) };
  return event;
}

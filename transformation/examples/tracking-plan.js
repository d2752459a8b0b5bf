// @ts-check
// Checks a tracking plan. An event that breaks it becomes a dead letter, with the words of the error as its detail.
/** @type {Record<string, Record<string, string>>} */
const PLAN = {
  'Signed Up': { plan: 'string' },
  'Order Completed': { order_id: 'string', total: 'number' },
};

/**
 * @param {import('../types.d.ts').RudderEvent} event
 * @returns {import('../types.d.ts').Returned}
 */
export function transformEvent(event) {
  if (event.type !== 'track') return event;
  const planned = PLAN[event.event ?? ''];
  if (planned === undefined) throw new Error('the tracking plan has no such event');
  for (const [name, type] of Object.entries(planned)) {
    const found = typeof event.properties?.[name];
    if (found !== type) throw new TypeError(`${name} has to be a ${type}, and is ${found}`);
  }
  return event;
}

// @ts-check
// Sends one event for each product of an order, and the order itself without its products.

/**
 * @param {import('../types.d.ts').RudderEvent} event
 * @returns {import('../types.d.ts').Returned}
 */
export function transformEvent(event) {
  const { products, ...order } = event.properties ?? {};
  if (event.event !== 'Order Completed' || !Array.isArray(products)) return event;
  return [
    { ...event, properties: { ...order, product_count: products.length } },
    ...products.map((product) => ({
      ...event,
      event: 'Product Ordered',
      properties: { ...product, order_id: order['order_id'] },
    })),
  ];
}

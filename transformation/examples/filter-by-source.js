// @ts-check
// Drops what comes from the sources of a test environment.
const TEST_SOURCES = new Set(['1qCKpk4AvghSCYlFEbI9VYuYZnA']);

/**
 * @param {import('../types.d.ts').RudderEvent} event
 * @param {import('../types.d.ts').GetMetadata} metadata
 * @returns {import('../types.d.ts').Returned}
 */
export function transformEvent(event, metadata) {
  // Not every way into the queue says which source an event is from: docs/transformation.md has the list.
  const { sourceId } = metadata(event);
  return sourceId !== undefined && TEST_SOURCES.has(sourceId) ? null : event;
}

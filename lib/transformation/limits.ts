/**
 * How much a transformation may return for one event. It is checked while the value is copied, so that no more is built. Characters
 * are UTF-16 code units. docs/transformation.md has the table.
 */
export const OUTPUT_LIMITS = {
  /** As many events as one request to Heap holds. */
  events: 1000,
  /** Objects, arrays and values in them, of all events together. */
  values: 100_000,
  /** Keys and texts, of all events together. */
  characters: 4 * 1024 * 1024,
  /** Of an event; its properties may be as deep as those of any event. Deeper nesting only occurs by mistake: an object that holds itself. */
  depth: 501,
} as const;

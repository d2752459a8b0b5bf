const MEBI = 1024 * 1024;

/**
 * How much work one event, one record and one invocation may cause. Every limit is checked before the objects are built that
 * it bounds, so that no input, however small it arrives, uses up the function's memory or time. All limits are far above
 * what RudderStack sends: its gateway accepts 4 MB per request.
 *
 * A record or an event beyond its limit is rejected as `too_large`. A record within its limits for which this invocation has
 * no room is deferred as `no_room`. Characters are UTF-16 code units. docs/guarantees.md has the table.
 *
 * The limits of an event are for its flattened properties.
 */
export const EVENT_LIMITS = {
  properties: 10_000,
  /** Of keys and texts. */
  characters: MEBI,
} as const;

/** The limits of a record. */
export const RECORD_LIMITS = {
  /** Its body, and every text that is decoded or unwrapped from it. */
  characters: 16 * MEBI,
  /** The JSON values in its texts. It is as many as a body of 1 MiB can hold, so that small texts need no counting. */
  values: MEBI / 2,
  /** The elements that are objects or arrays: its events, and envelopes among them. */
  events: 50_000,
  /** What all its events are mapped to: the characters of names, texts and ids. */
  flatCharacters: 16 * MEBI,
} as const;

/** The same sums for all records of an invocation. */
export const INVOCATION_LIMITS = {
  characters: 32 * MEBI,
  events: 50_000,
  flatCharacters: 16 * MEBI,
} as const;

const MEBI = 1024 * 1024;

/**
 * How much work one event, one record and one invocation may cause. Every limit is checked before the objects are built that
 * it bounds, so that no input, however small it arrives, uses up the function's memory or time. All limits are far above
 * what RudderStack sends: its gateway accepts 4 MB per request.
 *
 * A record or an event beyond its limit is rejected as `too_large`. A record within its limits for which this invocation has
 * no room is deferred as `no_room`. Characters are UTF-16 code units. docs/guarantees.md has the table.
 */
export const WORK_LIMITS = {
  /** For the characters of a record: its body, and every text that is decoded or unwrapped from it. */
  recordCharacters: 16 * MEBI,
  /** For the JSON values in a record's texts. It is as many as a body of 1 MiB can hold, so that small texts need no counting. */
  recordValues: MEBI / 2,
  /** For the elements of a record that are objects or arrays: its events, and envelopes among them. */
  recordEvents: 50_000,
  /** For what all events of a record are mapped to: the characters of names, texts and ids. */
  recordFlatCharacters: 16 * MEBI,
  /** For the flattened properties of an event. */
  eventProperties: 10_000,
  /** For the characters of an event's flattened keys and texts. */
  eventCharacters: MEBI,
  /** The same sums for all records of an invocation. */
  invocationCharacters: 32 * MEBI,
  invocationEvents: 50_000,
  invocationFlatCharacters: 16 * MEBI,
} as const;

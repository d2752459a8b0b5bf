import type { HeapEvent } from '../heap/api.ts';
import type { RudderStackEvent } from '../rudderstack/event.ts';
import { heapOptions } from '../rudderstack/integrations.ts';

/** Ids that Heap's own SDK has given to a visitor, and that the page or app has put into the event. */
export interface HeapIds {
  readonly userId: string | undefined;
  readonly sessionId: string | undefined;
  /** How many were given that cannot be ids of Heap. */
  readonly dropped: number;
}

/** Heap's documentation gives no limit for sessions: the digits of a number with 64 bits. */
const SESSION_DIGITS = 20;

/**
 * Reads `{"Heap.io": {"user_id": "…", "session_id": "…"}}` of an event's `integrations`. An id is a text of digits, or an integer,
 * and not zero. A user's is at most 2^53 - 1.
 *
 * @returns undefined if the event has no options for Heap, as most have none
 * @see https://developers.heap.io/reference/track-1 (user_id, session_id)
 */
export function readHeapIds(event: RudderStackEvent): HeapIds | undefined {
  const options = heapOptions(event);
  if (options === undefined) return undefined;
  const { user_id: user, session_id: session } = options;
  const digits = digitsOf(user);
  const userId = Number(digits) <= Number.MAX_SAFE_INTEGER ? digits : undefined;
  const sessionId = digitsOf(session);
  return { userId, sessionId, dropped: isLost(user, userId) + isLost(session, sessionId) };
}

/** Puts the ids into an event whose identity is `userId` if `isUserId`, and another one otherwise. */
export function withHeapIds(event: HeapEvent, { sessionId }: HeapIds, isUserId: boolean): HeapEvent {
  const { identity, ...others } = event;
  return {
    ...(isUserId ? { user_id: identity } : { identity }),
    ...(sessionId && { session_id: sessionId }),
    ...others,
  };
}

/** An integer that a double cannot hold is a text already, see `parseJson`. */
function digitsOf(value: unknown): string | undefined {
  const text = typeof value === 'string' || Number.isSafeInteger(value) ? String(value) : '';
  return text.length <= SESSION_DIGITS && /^0*[1-9]\d*$/.test(text) ? text : undefined;
}

function isLost(given: unknown, id: string | undefined): number {
  return id === undefined && given !== undefined && given !== null ? 1 : 0;
}

/**
 * Returns a signal that aborts a call at a deadline.
 *
 * @param deadline in ms since 1970, with or without a fraction; a deadline in the past aborts at once
 */
export function abortAt(deadline: number): AbortSignal {
  return AbortSignal.timeout(Math.max(1, Math.floor(deadline - Date.now())));
}

/**
 * Returns a signal that aborts a call at a deadline.
 *
 * @param deadline in ms since 1970; a deadline in the past aborts at once
 */
export function abortAt(deadline: number): AbortSignal {
  return AbortSignal.timeout(Math.max(1, deadline - Date.now()));
}

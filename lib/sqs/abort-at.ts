/**
 * A signal that aborts a call when its time is up.
 *
 * @param deadline in ms since 1970; one that has passed aborts at once
 */
export function abortAt(deadline: number): AbortSignal {
  return AbortSignal.timeout(Math.max(1, deadline - Date.now()));
}

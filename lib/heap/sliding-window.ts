/** The events of one request in a sliding window. */
export interface Charge {
  readonly count: number;
  /** When the events leave the window, in ms since 1970. Infinity while the request is in progress. */
  until: number;
}

/** The charges in a window, in any order. */
export type SlidingWindow = Charge[];

/** Removes the charges that have expired by `now` (ms since 1970). */
export function dropExpired(window: SlidingWindow, now: number): void {
  let kept = 0;
  for (const charge of window) {
    if (charge.until > now) {
      window[kept] = charge;
      kept += 1;
    }
  }
  window.length = kept;
}

/** Returns how many events the window contains at `now` (ms since 1970). */
export function countIn(window: SlidingWindow, now: number): number {
  let count = 0;
  for (const charge of window) if (charge.until > now) count += charge.count;
  return count;
}

/**
 * Returns in how many ms the window has room for `count` more events; 0 means now.
 *
 * @param windowMs the length of the window; returned while it depends on requests that are still in progress
 */
export function waitForRoom(
  window: SlidingWindow,
  { count, limit, now, windowMs }: Readonly<Record<'count' | 'limit' | 'now' | 'windowMs', number>>,
): number {
  let over = countIn(window, now) + count - limit;
  if (over <= 0) return 0;
  for (const charge of window.filter(({ until }) => until > now).toSorted((a, b) => a.until - b.until)) {
    over -= charge.count;
    if (over <= 0) return Math.min(charge.until - now, windowMs);
  }
  return windowMs;
}

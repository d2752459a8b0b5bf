/** Events of one request, as they count in a sliding window. */
export interface Charge {
  readonly count: number;
  /** When it leaves the window, in ms since 1970. While the request is under way nobody knows: Infinity. */
  until: number;
}

/** What a window holds at the moment, in any order. */
export type SlidingWindow = Charge[];

/** Takes out of the window what has left it by `now`. */
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

/** How many events the window holds. */
export function countIn(window: SlidingWindow, now: number): number {
  let count = 0;
  for (const charge of window) if (charge.until > now) count += charge.count;
  return count;
}

/**
 * In how many ms `count` more events fit below `limit`; 0 means now.
 *
 * @param windowMs what to answer while the requests that have to end first are still under way
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

/** Counts what happened within the last `windowMs` ms, exactly. */
export interface SlidingCount {
  /** How much happened in the window that ends at `now`. Times may not go backwards. */
  readonly at: (now: number) => number;
  readonly add: (now: number, amount: number) => void;
}

/** What has left the window is thrown away when there is so much of it. */
const THROW_AWAY_AT = 64;

export function createSlidingCount(windowMs: number): SlidingCount {
  let entries: { readonly time: number; readonly amount: number }[] = [];
  let first = 0;
  let sum = 0;
  return {
    at(now) {
      for (let entry = entries[first]; entry !== undefined && entry.time <= now - windowMs; entry = entries[first]) {
        sum -= entry.amount;
        first += 1;
      }
      if (first >= THROW_AWAY_AT) {
        entries = entries.slice(first);
        first = 0;
      }
      return sum;
    },
    add(time, amount) {
      entries.push({ time, amount });
      sum += amount;
    },
  };
}

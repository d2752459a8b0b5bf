import type { Clock } from '../../lib/clock.ts';

/** Time that passes only when somebody sleeps. */
export interface VirtualClock extends Clock {
  readonly advance: (ms: number) => void;
}

export function createVirtualClock(startAt = 1_795_000_000_000): VirtualClock {
  let now = startAt;
  return {
    now: () => now,
    sleep: async (ms) => {
      now += ms;
    },
    advance: (ms) => {
      now += ms;
    },
  };
}

import type { Clock } from '../../lib/clock.ts';

/** A clock that jumps to the next wake-up time as soon as all tasks sleep. */
export interface VirtualTime {
  readonly clock: Clock;
  /** Runs work until it ends. It may wait for nothing but this clock. */
  readonly run: <Result>(work: () => Promise<Result>) => Promise<Result>;
}

interface Sleeper {
  readonly at: number;
  readonly wake: () => void;
}

/** @param startAt in ms since 1970 */
export function createVirtualTime(startAt = 1_795_000_000_000): VirtualTime {
  let now = startAt;
  const sleepers: Sleeper[] = [];

  function takeEarliest(): Sleeper {
    let earliest = 0;
    for (const [index, { at }] of sleepers.entries()) {
      if (at < (sleepers[earliest]?.at ?? Infinity)) earliest = index;
    }
    const [sleeper] = sleepers.splice(earliest, 1);
    if (sleeper === undefined) throw new Error('deadlock: all tasks wait, and none of them for the clock');
    return sleeper;
  }

  return {
    clock: {
      now: () => now,
      sleep: (ms, signal) =>
        new Promise((wake) => {
          const sleeper = { at: now + Math.max(0, ms), wake };
          sleepers.push(sleeper);
          signal?.addEventListener('abort', () => {
            if (sleepers.includes(sleeper)) sleepers.splice(sleepers.indexOf(sleeper), 1);
            wake();
          });
        }),
    },
    async run(work) {
      let isOver = false;
      const result = work().finally(() => {
        isOver = true;
      });
      // A rejection is handled below, where the result is awaited.
      result.catch(() => undefined);
      for (;;) {
        // Once all microtasks have run, every task sleeps or has ended. A turn of the event loop would cost more than most tasks.
        await new Promise((resolve) => process.nextTick(resolve));
        if (isOver) return await result;
        const { at, wake } = takeEarliest();
        now = Math.max(now, at);
        wake();
      }
    },
  };
}

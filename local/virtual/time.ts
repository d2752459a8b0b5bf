import type { Clock } from '../../lib/clock.ts';

/** Time that jumps to the next moment at which somebody wakes up, as soon as everybody sleeps. */
export interface VirtualTime {
  readonly clock: Clock;
  /** Runs work that waits for nothing but this clock, to its end. */
  readonly run: <Result>(work: () => Promise<Result>) => Promise<Result>;
}

interface Sleeper {
  readonly at: number;
  readonly wake: () => void;
}

export function createVirtualTime(startAt = 1_795_000_000_000): VirtualTime {
  let now = startAt;
  const sleepers: Sleeper[] = [];

  function takeEarliest(): Sleeper {
    let earliest = 0;
    for (const [index, { at }] of sleepers.entries()) {
      if (at < (sleepers[earliest]?.at ?? Infinity)) earliest = index;
    }
    const [sleeper] = sleepers.splice(earliest, 1);
    if (sleeper === undefined) throw new Error('everybody waits, and nobody for the time');
    return sleeper;
  }

  return {
    clock: {
      now: () => now,
      sleep: (ms) => new Promise((wake) => sleepers.push({ at: now + Math.max(0, ms), wake })),
    },
    async run(work) {
      let isOver = false;
      const result = work().finally(() => {
        isOver = true;
      });
      // A failure is reported where the result is awaited, after the loop.
      result.catch(() => undefined);
      for (;;) {
        // All that can go on without time has gone on once the microtasks are done.
        await new Promise((resolve) => setImmediate(resolve));
        if (isOver) return await result;
        const { at, wake } = takeEarliest();
        now = Math.max(now, at);
        wake();
      }
    },
  };
}

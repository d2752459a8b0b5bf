import { createMinHeap } from './min-heap.ts';

/**
 * Virtual time for millions of tasks. All times are in ms since the start of the run.
 *
 * local/virtual/time.ts does the same for a handful of promises. Here most tasks are plain callbacks, since a promise and a turn
 * of the event loop for each of a hundred thousand requests would take most of the run.
 */
export interface Scheduler {
  readonly now: () => number;
  /** Calls `task` at a time, or now if that time is over. The task may settle no promise that someone awaits. */
  readonly at: (time: number, task: () => void) => void;
  /** Resolves after `ms` milliseconds, or as soon as the signal aborts. */
  readonly sleep: (ms: number, signal?: AbortSignal) => Promise<void>;
  /** Starts work that awaits. It may wait for nothing but `sleep`. An error of it ends the run. */
  readonly start: (work: () => Promise<void>) => void;
  /** Runs until no task is left, or until the next one would be later than `until`. */
  readonly run: (until: number) => Promise<void>;
}

interface Task {
  readonly call: () => void;
  /** Whether promises go on after the call. */
  readonly wakesPromises: boolean;
}

export function createScheduler(): Scheduler {
  const tasks = createMinHeap<Task>();
  let now = 0;
  let hasStarted = false;
  let failure: { readonly error: unknown } | undefined;

  const add = (time: number, task: Task): void => tasks.push(Math.max(time, now), task);

  return {
    now: () => now,
    at: (time, call) => add(time, { call, wakesPromises: false }),
    sleep: (ms, signal) =>
      new Promise((call) => {
        add(now + ms, { call, wakesPromises: true });
        signal?.addEventListener('abort', () => call());
      }),
    start(work) {
      hasStarted = true;
      work().catch((error: unknown) => {
        failure ??= { error };
      });
    },
    async run(until) {
      for (let time = tasks.smallestKey(); time <= until; time = tasks.smallestKey()) {
        const task = tasks.pop();
        if (task === undefined) return;
        now = time;
        task.call();
        if (task.wakesPromises || hasStarted) {
          hasStarted = false;
          // Once all microtasks have run, every promise waits for `sleep`.
          await new Promise((resolve) => setImmediate(resolve));
        }
        if (failure !== undefined) throw failure.error;
      }
    },
  };
}

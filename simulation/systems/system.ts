import type { SimulatedEvent } from '../model/event.ts';
import type { Heap } from '../model/heap.ts';
import type { Scheduler } from '../model/scheduler.ts';
import type { Usage } from '../result.ts';
import type { Scenario } from '../scenarios/scenario.ts';

/** What every system gets. */
export interface World {
  readonly scenario: Scenario;
  /** In the order in which they are sent. */
  readonly events: readonly SimulatedEvent[];
  readonly scheduler: Scheduler;
  /** In [0, 1). */
  readonly random: () => number;
  readonly heap: Heap;
}

/** A way from the senders to Heap. */
export interface System {
  readonly name: string;
  /** What it is, for people. */
  readonly title: string;
  /** Starts the system. It marks the events that it gives up. `usage` is called after the run. */
  readonly start: (world: World) => { readonly usage: () => Usage };
}

import type { HeapCallKind } from '../../lib/heap/api.ts';

/** One event of a run, and what has become of it. Times are in ms since the start of the run. */
export interface SimulatedEvent {
  readonly id: number;
  /** When it is sent to the queue. */
  readonly sentAt: number;
  readonly user: number;
  readonly call: HeapCallKind;
  /** Heap answers 400 to it. Every other event is good, and loses if it does not arrive. */
  readonly isBad: boolean;
  /** Whether it is extra traffic of the scenario: a backfill, or one busy user. */
  readonly isExtra: boolean;
  /** How often Heap has stored it. */
  timesStored: number;
  /** When Heap stored it first; -1 if it has not. */
  storedAt: number;
  /** Whether the system has given it up: dead-lettered, aborted, or deleted by SQS. */
  isGivenUp: boolean;
}

import type { HeapCall } from '../heap/api.ts';
import type { Filtered, Rejected } from '../outcome.ts';
import type { RudderStackEvent } from '../rudderstack/event.ts';
import type { Cuts } from './flatten.ts';

/** The calls to Heap that an event is mapped to, and what was dropped or truncated. */
export interface Mapped {
  readonly kind: 'mapped';
  readonly call: HeapCall;
  /** More calls. A group says something about an account, and about a user; a transformation may make several events of one. */
  readonly also?: readonly HeapCall[] | undefined;
  /** If a transformation has made a list of the event. */
  readonly outputs?: Outputs | undefined;
  readonly cuts: Cuts;
  /** The characters of the calls' names, texts and ids, for the limits of a record and an invocation. */
  readonly characters: number;
}

/** The events that a transformation has made of one. */
export interface Outputs {
  readonly count: number;
  /** For each call, which of them it is of: 1 for the first. */
  readonly ofCalls: readonly number[];
  /** Why the first one that cannot be sent is rejected. The others are sent, and the event is rejected as well. */
  readonly rejection: Rejected | undefined;
}

/** What an event comes to if Heap takes all of its calls: one is rejected if an event of its transformation is. */
export function endOf(decision: Mapped | Filtered | Rejected): Mapped | Filtered | Rejected {
  return (decision.kind === 'mapped' && decision.outputs?.rejection) || decision;
}

/** An event, and when it arrived. */
export interface Reception {
  readonly asItCame: RudderStackEvent;
  /** In ms since 1970; undefined if nobody knows. */
  readonly arrivedAtMs: number | undefined;
}

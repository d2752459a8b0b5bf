import type { HeapCall } from '../heap/api.ts';
import type { RudderStackEvent } from '../rudderstack/event.ts';
import type { Cuts } from './flatten.ts';

/** The calls to Heap that an event is mapped to, and what was dropped or truncated. */
export interface Mapped {
  readonly kind: 'mapped';
  readonly call: HeapCall;
  /** A second call. A group says something about an account, and about a user. */
  readonly also?: HeapCall | undefined;
  readonly cuts: Cuts;
  /** The characters of the calls' names, texts and ids, for the limits of a record and an invocation. */
  readonly characters: number;
}

/** An event, and when it arrived. */
export interface Reception {
  readonly asItCame: RudderStackEvent;
  /** In ms since 1970; undefined if nobody knows. */
  readonly arrivedAtMs: number | undefined;
}

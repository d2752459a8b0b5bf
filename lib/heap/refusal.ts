import { deferred, rejected, type Deferred, type Rejected } from '../outcome.ts';
import type { Moment } from './acceptances.ts';
import type { Refused } from './answer.ts';

/** A refusal, and what it says. */
export interface Refusal extends Refused {
  /** When it came. For an entry that was refused before, when that came for the first time. */
  readonly at: Moment;
  /** The entry was refused before, and Heap has accepted another one in between: the refusal is about the entry. */
  readonly isBelieved: boolean;
}

export const SEEMS_TO_REFUSE_EVERYTHING = 'Heap refuses every entry, so the settings may be wrong';
export const TOO_MANY = 'there are more bad entries than one invocation can bisect';
export const NOTHING_ACCEPTED = 'Heap has accepted nothing since it refused this, so the settings may be wrong';

/** Defers an entry that was refused, but that may not be the cause. */
export function undecided({ status, detail }: Refused, why: string): Deferred {
  return deferred('undecided', `${why}; ${detail}`, { heapStatus: status });
}

/** Rejects an entry that was refused alone, with what Heap has said. */
export function rejectedAlone({ status, detail }: Refused): Rejected {
  return rejected(status === 413 ? 'too_large' : 'heap_refused', detail, status);
}

import { deferred, rejected, type Deferred, type Rejected } from '../outcome.ts';
import type { AppAcceptances } from './acceptances.ts';
import type { Refused } from './answer.ts';

/** A refusal, and what was known about the app when it came. */
export interface Refusal extends Refused {
  /** Whether the app had accepted something lately, so that the refusal says something about the entry. */
  readonly isBelieved: boolean;
  /** How many requests the app had accepted before. */
  readonly acceptedBefore: number;
}

export const SEEMS_TO_REFUSE_EVERYTHING = 'Heap refuses every entry, so the settings may be wrong';
export const TOO_MANY = 'there are more bad entries than one invocation can bisect';
const NOTHING_ACCEPTED =
  'Heap refused the event alone, but has accepted no other event lately, so the settings may be wrong';

/** Says why the refusal of an entry that was sent alone is not believed. `now` is in ms since 1970. */
export function whyDoubted(acceptances: AppAcceptances, now: number): string {
  return acceptances.hasAcceptedLately(now) ? SEEMS_TO_REFUSE_EVERYTHING : NOTHING_ACCEPTED;
}

/** Defers an entry that was refused, but that may not be the cause. `mostEntries` is the size of its next request, in entries. */
export function undecided({ status, detail }: Refused, why: string, mostEntries?: number): Deferred {
  const more = { heapStatus: status, ...(mostEntries === undefined ? {} : { mostEntries }) };
  return deferred('undecided', `${why}; ${detail}`, more);
}

/** Rejects an entry that was refused alone, with what Heap has said. */
export function rejectedAlone({ status, detail }: Refused): Rejected {
  return rejected(status === 413 ? 'too_large' : 'heap_refused', detail, status);
}

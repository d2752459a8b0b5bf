import type { PendingCall } from '../heap/bulk.ts';
import type { Findings, Outcome } from '../outcome.ts';

/** An event that is to be sent, with its second call if it makes two. */
interface WithSecondCall extends PendingCall {
  readonly also?: PendingCall | undefined;
}

/** All calls of events, in their order. */
export function callsOf(events: readonly WithSecondCall[]): readonly PendingCall[] {
  const hasTwo = events.some(({ also }) => also !== undefined);
  return hasTwo ? events.flatMap((one) => (one.also === undefined ? [one] : [one, one.also])) : events;
}

/** Gives events that make two calls the outcome of both. */
export function joinOutcomes(events: readonly WithSecondCall[]): void {
  for (const one of events) {
    if (one.outcome !== undefined && one.also?.outcome !== undefined) {
      one.outcome = outcomeOfBoth(one.outcome, one.also.outcome);
    }
  }
}

/**
 * The outcome of an event that makes two calls. It is delivered when both are, and rejected as a whole when one is: sending the
 * other one again changes nothing. What was found out about the second call is in `also`, since the two have endpoints of
 * their own.
 */
export function outcomeOfBoth(first: Outcome, second: Outcome): Outcome {
  if (first.kind === 'rejected' || second.kind === 'delivered') return first;
  if (second.kind !== 'deferred') return second;
  const { mostEntries, mostCalls, refusedAloneAt } = second;
  const also: Findings = { mostEntries, mostCalls, refusedAloneAt };
  if (first.kind !== 'deferred') {
    return { ...second, mostEntries: undefined, mostCalls: undefined, refusedAloneAt: undefined, also };
  }
  return { ...first, also };
}

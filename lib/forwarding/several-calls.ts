import type { PendingCall } from '../heap/bulk.ts';
import type { Outputs } from '../mapping/mapped.ts';
import type { FindingsOfCall, Outcome, Rejected } from '../outcome.ts';

/** An event that is to be sent, with its other calls if it makes several. */
interface WithCalls extends PendingCall {
  readonly also?: readonly PendingCall[] | undefined;
  readonly outputs?: Outputs | undefined;
}

/** All calls of events that are not known to be delivered or rejected, in their order. */
export function callsOf(events: readonly WithCalls[]): readonly PendingCall[] {
  const haveOne = events.every(({ also }) => also === undefined);
  return haveOne ? events : events.flatMap((one) => [one, ...(one.also ?? [])].filter(isOpen));
}

function isOpen({ outcome }: PendingCall): boolean {
  return outcome === undefined || outcome.kind === 'deferred';
}

/** Gives events that make several calls, or of whose transformation an event was rejected, the outcome of all of it. */
export function joinOutcomes(events: readonly WithCalls[]): void {
  for (const one of events) {
    if (one.also === undefined && one.outputs === undefined) continue;
    const outcomes = [one, ...(one.also ?? [])]
      .map(({ outcome }) => outcome)
      .filter((outcome) => outcome !== undefined);
    one.outcome = outcomeOfAll(outcomes, one.outputs);
  }
}

/**
 * The outcome of an event that makes several calls. It waits until each of them is delivered or rejected, so that a bad one does not
 * keep the others from Heap; those are not sent again in the meantime. Then it is rejected if one of them is, and otherwise delivered.
 * What was found out about each call stays apart, since each has an endpoint and contents of its own.
 *
 * @param outcomes one for each call
 * @param outputs if the calls are of the events of a transformation
 */
export function outcomeOfAll(outcomes: readonly Outcome[], outputs?: Outputs): Outcome {
  const deferrals = outcomes.filter((outcome) => outcome.kind === 'deferred');
  // One that fails, or the event would never be given up while another call waits for a rate limit.
  const deferral = deferrals.find(({ reason }) => !reason.startsWith('paced_')) ?? deferrals[0];
  if (deferral !== undefined) {
    const calls = outcomes.map(findingsOf);
    const { mostEntries, mostCalls, refusedAloneAt } = calls[0] ?? {};
    const isNothingKnown = calls.every((one) => one.outcome === undefined && one.mostEntries === undefined);
    return { ...deferral, mostEntries, mostCalls, refusedAloneAt, ...(isNothingKnown ? {} : { calls }) };
  }
  const rejection = outputs?.rejection ?? firstRejection(outcomes, outputs);
  return rejection ?? { kind: 'delivered' };
}

function findingsOf(outcome: Outcome): FindingsOfCall {
  if (outcome.kind === 'delivered' || outcome.kind === 'rejected') return { outcome };
  if (outcome.kind === 'filtered') return {};
  const { mostEntries, mostCalls, refusedAloneAt } = outcome;
  return { mostEntries, mostCalls, refusedAloneAt };
}

function firstRejection(outcomes: readonly Outcome[], outputs: Outputs | undefined): Rejected | undefined {
  for (const [index, outcome] of outcomes.entries()) {
    if (outcome.kind !== 'rejected') continue;
    if (outputs === undefined) return outcome;
    const place = outputs.ofCalls[index] ?? 1;
    return { ...outcome, detail: `event ${place} of the ${outputs.count} of the transformation: ${outcome.detail}` };
  }
  return undefined;
}

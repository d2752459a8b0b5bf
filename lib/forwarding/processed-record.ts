import type { SQSRecord } from 'aws-lambda';
import type { Deferred, Outcome } from '../outcome.ts';

/** One event of a record, and its outcome. */
export interface ProcessedEvent {
  readonly outcome: Outcome;
  /** The event as it came. */
  readonly text: () => string;
  /** RudderStack's own id of the event. */
  readonly eventMessageId: string | undefined;
}

/** A record, and the outcomes of its events. */
export interface ProcessedRecord {
  readonly record: SQSRecord;
  readonly events: readonly ProcessedEvent[];
}

/** The deferred events of a record. With one of them the whole record goes back to the queue. */
export function deferredOf({ events }: ProcessedRecord): readonly Deferred[] {
  return events.map(({ outcome }) => outcome).filter((outcome) => outcome.kind === 'deferred');
}

/** Whether Lambda may delete the record without anything being sent to a queue before. */
export function needsNoQueue({ events }: ProcessedRecord): boolean {
  return events.every(({ outcome }) => outcome.kind === 'delivered' || outcome.kind === 'filtered');
}

/** The record with other outcomes. */
export function mapOutcomes(
  { record, events }: ProcessedRecord,
  change: (outcome: Outcome) => Outcome,
): ProcessedRecord {
  return { record, events: events.map((event) => ({ ...event, outcome: change(event.outcome) })) };
}

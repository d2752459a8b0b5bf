import type { SQSRecord } from 'aws-lambda';
import type { Deferred, Outcome } from '../outcome.ts';

/** One event of a record, and its outcome. */
export interface ProcessedEvent {
  readonly outcome: Outcome;
  /** The event exactly as it was received. */
  readonly text: () => string;
  /** The event's `messageId`. */
  readonly eventMessageId: string | undefined;
  /** Whether it is a track event, or a page or screen that becomes one. Heap orders those by their own time, so the order of sending does not matter. */
  readonly isTrack: boolean;
}

/** A record, and the outcomes of its events. */
export interface ProcessedRecord {
  readonly record: SQSRecord;
  readonly events: readonly ProcessedEvent[];
}

/** Whether an event of a record is deferred. The whole record then returns to the queue. */
export function isDeferred({ events }: ProcessedRecord): boolean {
  return events.some(({ outcome }) => outcome.kind === 'deferred');
}

/** The deferred outcomes of a record. */
export function deferredOf({ events }: ProcessedRecord): readonly Deferred[] {
  return events.map(({ outcome }) => outcome).filter((outcome) => outcome.kind === 'deferred');
}

/** Whether the record needs no call to SQS: no dead letter and no visibility timeout. */
export function needsNoQueue({ events }: ProcessedRecord): boolean {
  return events.every(({ outcome }) => outcome.kind === 'delivered' || outcome.kind === 'filtered');
}

/** Returns the record with changed outcomes. */
export function mapOutcomes(
  { record, events }: ProcessedRecord,
  change: (outcome: Outcome, event: ProcessedEvent) => Outcome,
): ProcessedRecord {
  return { record, events: events.map((event) => ({ ...event, outcome: change(event.outcome, event) })) };
}

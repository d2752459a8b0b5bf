import type { FindingsOfCalls, Outcome } from '../outcome.ts';
import { deferredOf, isDeferred, type ProcessedRecord } from './processed-record.ts';

/**
 * Final outcomes of events whose record returned to the queue because of another event in it. Without the cache a record of
 * many events would be sent from the start at every receive, and might never finish while Heap is slow. The cache only saves
 * work: another container sends the events again, and Heap drops duplicates by their idempotency keys.
 */
export interface OutcomeCache {
  /**
   * Returns the outcome of an event if it is known and final.
   *
   * @param part the index of the event in its record
   */
  readonly recall: (messageId: string, part: number) => Outcome | undefined;
  /**
   * Returns what was found out about a deferred event.
   *
   * @param part the index of the event in its record
   */
  readonly findings: (messageId: string, part: number) => FindingsOfCalls;
  /** Stores the outcomes of a record that returns to the queue, and removes any other record. */
  readonly note: (processed: ProcessedRecord) => void;
}

/** The cache's capacity in events, or in calls for an event that makes several. The oldest records are evicted first. */
const MOST_EVENTS = 100_000;
const NOTHING: FindingsOfCalls = {};

/** Creates an empty cache for at most `mostEvents` events. */
export function createOutcomeCache(mostEvents = MOST_EVENTS): OutcomeCache {
  const records = new Map<string, readonly Outcome[]>();
  let events = 0;

  function forget(messageId: string): void {
    events -= sizeOf(records.get(messageId) ?? []);
    records.delete(messageId);
  }

  return {
    recall(messageId, part) {
      const outcome = records.get(messageId)?.[part];
      return outcome?.kind === 'delivered' || outcome?.kind === 'rejected' ? outcome : undefined;
    },
    findings(messageId, part) {
      const outcome = records.get(messageId)?.[part];
      return outcome?.kind === 'deferred' ? outcome : NOTHING;
    },
    note(processed) {
      const { messageId } = processed.record;
      forget(messageId);
      if (!isDeferred(processed)) return;
      const waiting = deferredOf(processed);
      const outcomes = processed.events.map(({ outcome }) => outcome);
      // Most records that return were not sent at all. There is nothing to keep of them.
      if (waiting.length === outcomes.length && waiting.every(isUnknown)) return;
      records.set(messageId, outcomes);
      events += sizeOf(outcomes);
      for (const oldest of records.keys()) {
        if (events <= mostEvents) break;
        forget(oldest);
      }
    },
  };
}

function sizeOf(outcomes: readonly Outcome[]): number {
  return outcomes.flatMap((one): readonly unknown[] => ('calls' in one && one.calls) || [one]).length;
}

function isUnknown({ mostEntries, calls }: FindingsOfCalls): boolean {
  return mostEntries === undefined && calls === undefined;
}

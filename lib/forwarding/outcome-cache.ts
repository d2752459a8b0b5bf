import type { Outcome } from '../outcome.ts';
import { deferredOf, type ProcessedRecord } from './processed-record.ts';

/**
 * Outcomes that this container knows of events whose record went back to the queue because of another event in it. Without
 * the cache a record of many events would start from nothing at every receive, and with a slow Heap might never end. It only
 * saves work: another container sends again, and Heap drops what it knows.
 */
export interface OutcomeCache {
  /** The outcome of a record's event, counted from 0, if it is known and final. */
  readonly recall: (messageId: string, part: number) => Outcome | undefined;
  /** Keeps the outcomes of a record that goes back to the queue, and forgets a record that does not. */
  readonly note: (processed: ProcessedRecord) => void;
}

/** Events that are remembered at most; the oldest records are forgotten first. */
const MOST_EVENTS = 100_000;

export function createOutcomeCache(mostEvents = MOST_EVENTS): OutcomeCache {
  const records = new Map<string, readonly Outcome[]>();
  let events = 0;

  function forget(messageId: string): void {
    events -= records.get(messageId)?.length ?? 0;
    records.delete(messageId);
  }

  return {
    recall(messageId, part) {
      const outcome = records.get(messageId)?.[part];
      return outcome?.kind === 'delivered' || outcome?.kind === 'rejected' ? outcome : undefined;
    },
    note(processed) {
      const { messageId } = processed.record;
      forget(messageId);
      // A record of one event has nothing to remember: it goes back only when that event has no final outcome.
      if (processed.events.length < 2 || deferredOf(processed).length === 0) return;
      const outcomes = processed.events.map(({ outcome }) => outcome);
      records.set(messageId, outcomes);
      events += outcomes.length;
      for (const oldest of records.keys()) {
        if (events <= mostEvents) break;
        forget(oldest);
      }
    },
  };
}

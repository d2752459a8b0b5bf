import type { Outcome } from '../outcome.ts';
import { deferredOf, type ProcessedRecord } from './settle.ts';

/**
 * What this container knows of events whose record went back to the queue because of another event in it. Without that
 * memory a record of many events would start from nothing with every receive, and with a slow Heap might never end.
 * It saves work and nothing depends on it: another container sends again, and Heap drops what it knows.
 */
export interface DecidedEvents {
  /** The outcome of a record's event, counted from 0, if it is known. */
  recall(messageId: string, part: number): Outcome | undefined;
  /** Takes note of a record that goes back to the queue, and forgets one that is done with. */
  note(settled: ProcessedRecord): void;
}

/** Events that are remembered at most; the oldest records are forgotten first. */
const MOST_EVENTS = 100_000;

export function createDecidedEvents(mostEvents = MOST_EVENTS): DecidedEvents {
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
    note(settled) {
      const { messageId } = settled.record;
      forget(messageId);
      // A record of one event has nothing to remember: it goes back only when that event is undecided.
      if (settled.events.length < 2 || deferredOf(settled).length === 0) return;
      records.set(
        messageId,
        settled.events.map(({ outcome }) => outcome),
      );
      events += settled.events.length;
      for (const oldest of records.keys()) {
        if (events <= mostEvents) break;
        forget(oldest);
      }
    },
  };
}

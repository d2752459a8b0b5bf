import { backsOff, rejected, type Deferred } from '../outcome.ts';
import { firstReceivedAt } from '../sqs/record.ts';
import { deferredOf, mapOutcomes, type ProcessedRecord } from './processed-record.ts';

/** The time by which a record is given up. */
export interface RetryTime {
  /** In ms since 1970. */
  readonly now: number;
  /** How long after its first receive a record that still fails is given up, in ms. */
  readonly retryMs: number;
}

/** How much longer a record is kept for events that have not failed themselves, in ms. */
const LONGEST_TURN_MS = 24 * 60 * 60 * 1000;

/**
 * Turns the deferred events of a record into rejected ones, each with its cause, when the retry time is over. It begins when SQS
 * first delivers the record, so that the time that a record waits in the queue before counts for nothing, and the number of
 * receives does not matter.
 *
 * The record is not given up while one of its events only waits for its turn, or was in a refused request that this invocation
 * had no time to bisect, because that event has not failed. A day later it is given up if any of its events has failed: an event
 * that Heap's rate limit keeps behind failing ones of its own record would otherwise keep all of them until SQS deletes the
 * record.
 */
export function giveUpIfExhausted(processed: ProcessedRecord, { now, retryMs }: RetryTime): ProcessedRecord {
  const ageMs = now - firstReceivedAt(processed.record, now);
  if (ageMs < retryMs) return processed;
  const waiting = deferredOf(processed);
  const isDue = ageMs < retryMs + LONGEST_TURN_MS ? waiting.every(hasFailed) : waiting.some(backsOff);
  if (!isDue) return processed;
  return mapOutcomes(processed, (outcome) =>
    outcome.kind === 'deferred'
      ? rejected('retries_exhausted', `${outcome.reason}: ${outcome.detail}`, outcome.heapStatus)
      : outcome,
  );
}

function hasFailed(deferral: Deferred): boolean {
  return backsOff(deferral) && deferral.isBeingBisected !== true;
}

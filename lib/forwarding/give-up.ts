import { isFailure, rejected } from '../outcome.ts';
import { receiveCountOf } from '../sqs/record.ts';
import { deferredOf, mapOutcomes, type ProcessedRecord } from './processed-record.ts';

/**
 * At the last allowed receive, turns the deferred events of a record into rejected ones, each with its cause. The record is
 * not given up while one of its events only waits for its turn, because that event has not failed.
 *
 * @param maxReceiveCount a record that still fails at this receive is given up
 */
export function giveUpIfExhausted(processed: ProcessedRecord, maxReceiveCount: number): ProcessedRecord {
  if (receiveCountOf(processed.record) < maxReceiveCount || !deferredOf(processed).every(isFailure)) return processed;
  return mapOutcomes(processed, (outcome) =>
    outcome.kind === 'deferred'
      ? rejected('retries_exhausted', `${outcome.reason}: ${outcome.detail}`, outcome.heapStatus)
      : outcome,
  );
}

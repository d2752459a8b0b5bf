import { isFailure, rejected } from '../outcome.ts';
import { receiveCountOf } from '../sqs/record.ts';
import { deferredOf, mapOutcomes, type ProcessedRecord } from './processed-record.ts';

/**
 * At the last allowed receive the failures of a record become rejections, each with its cause. While one of its events only
 * waits for its turn the record goes on: that event has not failed.
 *
 * @param maxReceiveCount the receive at which a record that still fails is given up
 */
export function giveUpIfExhausted(processed: ProcessedRecord, maxReceiveCount: number): ProcessedRecord {
  if (receiveCountOf(processed.record) < maxReceiveCount || !deferredOf(processed).every(isFailure)) return processed;
  return mapOutcomes(processed, (outcome) =>
    outcome.kind === 'deferred'
      ? rejected('retries_exhausted', `${outcome.reason}: ${outcome.detail}`, outcome.heapStatus)
      : outcome,
  );
}

import { deferred } from '../outcome.ts';
import { isFifo } from '../sqs/fifo.ts';
import { deferredOf, mapOutcomes, type ProcessedRecord } from './processed-record.ts';

const WAITS_FOR_ITS_GROUP = deferred('fifo_order', 'an earlier record of its message group has to go first');

/**
 * On a FIFO queue a deferred record holds back the later ones of its message group, and only those. They may have reached
 * Heap in the same request: they come again behind the one that failed, so that what is later stays later.
 *
 * @see https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html
 */
export function keepFifoOrder(processed: readonly ProcessedRecord[]): readonly ProcessedRecord[] {
  const blocked = new Set<string>();
  return processed.map((one) => {
    const { eventSourceARN, attributes } = one.record;
    const group = isFifo(eventSourceARN) ? attributes.MessageGroupId : undefined;
    if (group === undefined) return one;
    if (deferredOf(one).length > 0) {
      blocked.add(group);
      return one;
    }
    return blocked.has(group) ? mapOutcomes(one, () => WAITS_FOR_ITS_GROUP) : one;
  });
}

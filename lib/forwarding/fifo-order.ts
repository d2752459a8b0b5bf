import { deferred } from '../outcome.ts';
import { isFifo } from '../sqs/fifo.ts';
import { deferredOf, mapOutcomes, type ProcessedRecord } from './processed-record.ts';

const WAITS_FOR_ITS_GROUP = deferred('fifo_order', 'an earlier record of the same message group is deferred');

/**
 * On a FIFO queue a deferred record also defers all later records of its message group, to keep their order. They may have
 * been sent to Heap already. They are then sent again, after the record that failed, except for delivered track events: Heap
 * would drop them, and a large record would begin anew at every receive.
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
    if (!blocked.has(group)) return one;
    return mapOutcomes(one, (outcome, { isTrack }) =>
      isTrack && outcome.kind === 'delivered' ? outcome : WAITS_FOR_ITS_GROUP,
    );
  });
}

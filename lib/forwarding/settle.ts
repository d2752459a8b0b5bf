import { inBatches } from '../batches.ts';
import type { Clock } from '../clock.ts';
import { mapLimit } from '../map-limit.ts';
import { deferred, type DeferReason } from '../outcome.ts';
import type { VisibilityChange } from '../sqs/change-visibility.ts';
import { SQS_BATCH_LIMITS } from '../sqs/limits.ts';
import type { OutgoingMessage } from '../sqs/message.ts';
import { receiveCountOf } from '../sqs/record.ts';
import { visibilityTimeoutS } from './backoff.ts';
import { deadLettersOf } from './dead-letter.ts';
import { keepFifoOrder } from './fifo-order.ts';
import { giveUpIfExhausted } from './give-up.ts';
import type { Listener } from './listener.ts';
import { deferredOf, mapOutcomes, needsNoQueue, type ProcessedRecord } from './processed-record.ts';
import type { Queues } from './queues.ts';

export interface SettleDependencies {
  /** Loads the AWS SDK, so it is called only when there is something to do. */
  readonly loadQueues: () => Promise<Queues>;
  readonly clock: Clock;
  /** In [0, 1). */
  readonly random: () => number;
  /** The receive at which a record that still fails is given up. */
  readonly maxReceiveCount: number;
  readonly listener: Pick<Listener, 'onProblem'>;
}

/** Calls to SQS that are under way at once. */
const PARALLEL_CALLS = 8;

/**
 * Makes outcomes true: sends dead letters, and sets the visibility timeouts of deferred records.
 *
 * A record is one thing to SQS. While one of its events is deferred, all of it stays in the queue, and its rejected events
 * wait with it, so that they are not dead-lettered again at every receive; delivered ones are absorbed by their idempotency
 * keys. Nothing is acknowledged before its dead letters are safe.
 *
 * @param deadline when to give up on SQS, in ms since 1970
 * @returns each record with the outcomes as they have become; those with a deferred event are to be returned to the queue
 */
export async function settle(
  processed: readonly ProcessedRecord[],
  deadline: number,
  dependencies: SettleDependencies,
): Promise<readonly ProcessedRecord[]> {
  if (processed.every(needsNoQueue)) return processed;
  const decided = keepFifoOrder(processed.map((one) => giveUpIfExhausted(one, dependencies.maxReceiveCount)));
  // A dead letter that was not taken defers its record, and on a FIFO queue the later ones of its group.
  const settled = keepFifoOrder(await deadLetter(decided, deadline, dependencies));
  await setVisibility(settled, deadline, dependencies);
  return settled;
}

/** A dead letter, and the record that it belongs to. */
interface Addressed {
  readonly message: OutgoingMessage;
  readonly messageId: string;
}

/** Sends the dead letters of all records that do not go back to the queue, and defers the records that this fails for. */
async function deadLetter(
  processed: readonly ProcessedRecord[],
  deadline: number,
  dependencies: SettleDependencies,
): Promise<readonly ProcessedRecord[]> {
  const addressed: Addressed[] = [];
  const tooLarge = new Set<string>();
  for (const one of processed) {
    if (deferredOf(one).length > 0) continue;
    const { messageId } = one.record;
    const messages = deadLettersOf(one, dependencies.clock.now());
    if (messages === undefined) tooLarge.add(messageId);
    else for (const message of messages) addressed.push({ message, messageId });
  }
  const unsent = await send(addressed, deadline, dependencies);
  return processed.map((one) => {
    const { messageId } = one.record;
    if (tooLarge.has(messageId)) {
      const why = "with its reason it is larger than a message may be: SQS's own redrive takes it";
      return deferRejected(one, 'dead_letter_too_large', why);
    }
    return unsent.has(messageId)
      ? deferRejected(one, 'dead_letter_failed', 'the dead-letter queue did not take it')
      : one;
  });
}

/** @returns the message ids of the records with a dead letter that is not safely in the dead-letter queue */
async function send(
  addressed: readonly Addressed[],
  deadline: number,
  { loadQueues, listener }: SettleDependencies,
): Promise<ReadonlySet<string>> {
  const unsent = new Set<string>();
  if (addressed.length === 0) return unsent;
  const queues = await loadQueues();
  const batches = inBatches(addressed, SQS_BATCH_LIMITS, ({ message }) => message.bytes);
  await mapLimit(batches, PARALLEL_CALLS, async (batch) => {
    try {
      const messages = batch.map(({ message }) => message);
      const outcomes = await queues.sendDeadLetters(messages, deadline);
      const failed = batch.filter((_, index) => outcomes[index]?.kind !== 'sent');
      if (failed.length > 0) listener.onProblem('dead_letter_send_failed', new Error('SQS refused a dead letter'));
      for (const { messageId } of failed) unsent.add(messageId);
    } catch (error) {
      listener.onProblem('dead_letter_send_failed', error);
      for (const { messageId } of batch) unsent.add(messageId);
    }
  });
  return unsent;
}

function deferRejected(processed: ProcessedRecord, reason: DeferReason, why: string): ProcessedRecord {
  return mapOutcomes(processed, (outcome) => {
    if (outcome.kind !== 'rejected') return outcome;
    const { reason: cause, heapStatus } = outcome;
    return deferred(reason, `${why} (${cause})`, heapStatus === undefined ? {} : { heapStatus });
  });
}

/** A failure here loses nothing: the record comes back when the queue's own visibility timeout ends. */
async function setVisibility(
  processed: readonly ProcessedRecord[],
  deadline: number,
  { loadQueues, random, listener }: SettleDependencies,
): Promise<void> {
  const changes = processed.flatMap((one): VisibilityChange[] => {
    const waiting = deferredOf(one);
    if (waiting.length === 0) return [];
    const timeout = visibilityTimeoutS(waiting, receiveCountOf(one.record), random());
    return [{ receiptHandle: one.record.receiptHandle, visibilityTimeoutS: timeout }];
  });
  if (changes.length === 0) return;
  const queues = await loadQueues();
  const batches = inBatches(changes, SQS_BATCH_LIMITS, () => 0);
  await mapLimit(batches, PARALLEL_CALLS, async (batch) => {
    try {
      const failures = await queues.changeVisibility(batch, deadline);
      if (failures === 0) return;
      listener.onProblem('visibility_change_failed', new Error(`SQS refused ${failures} of ${batch.length}`));
    } catch (error) {
      listener.onProblem('visibility_change_failed', error);
    }
  });
}

import { inBatches } from '../batches.ts';
import type { Clock } from '../clock.ts';
import { mapLimit } from '../map-limit.ts';
import { deferred, type DeferReason } from '../outcome.ts';
import type { VisibilityChange } from '../sqs/change-visibility.ts';
import { SQS_BATCH_LIMITS } from '../sqs/limits.ts';
import type { OutgoingMessage } from '../sqs/message.ts';
import { refusalCodes, refusedBySqs } from '../sqs/refused-by-sqs.ts';
import { firstReceivedAt, receiveCountOf } from '../sqs/record.ts';
import { visibilityTimeoutS } from './backoff.ts';
import { deadLettersOf } from './dead-letter.ts';
import { keepFifoOrder } from './fifo-order.ts';
import { giveUpIfExhausted } from './give-up.ts';
import type { Listener } from './listener.ts';
import { deferredOf, mapOutcomes, type ProcessedRecord } from './processed-record.ts';
import type { Queues } from './queues.ts';

/** What `settle` uses. */
export interface SettleDependencies {
  /** Loads the AWS SDK, so it is called only if there is a message to send or a timeout to set. */
  readonly loadQueues: () => Promise<Queues>;
  readonly clock: Clock;
  /** In [0, 1). */
  readonly random: () => number;
  /** How long after its first receive a record that still fails is given up, in ms. */
  readonly retryMs: number;
  readonly listener: Pick<Listener, 'onProblem'>;
}

/** Concurrent calls to SQS. */
const PARALLEL_CALLS = 8;

/**
 * Carries out the outcomes: sends dead letters, and sets the visibility timeouts of deferred records.
 *
 * SQS knows only whole records. While one event is deferred, its record stays in the queue, and the record's rejected
 * events wait too, so that they do not produce dead letters at every receive. Events that were delivered already are
 * dropped by Heap because of their idempotency keys. A record is acknowledged only after its dead letters are in the
 * dead-letter queue.
 *
 * @param deadline when the calls to SQS are aborted, in ms since 1970
 * @returns each record with its final outcomes; records with a deferred event have to be returned to the queue
 */
export async function settle(
  processed: readonly ProcessedRecord[],
  deadline: number,
  dependencies: SettleDependencies,
): Promise<readonly ProcessedRecord[]> {
  const time = { now: dependencies.clock.now(), retryMs: dependencies.retryMs };
  const decided = keepFifoOrder(processed.map((one) => giveUpIfExhausted(one, time)));
  // A dead letter that could not be sent defers its record, and on a FIFO queue the later records of its group.
  const settled = keepFifoOrder(await deadLetter(decided, deadline, dependencies));
  await setVisibility(settled, deadline, dependencies);
  return settled;
}

/** A dead letter and the message id of its record. */
interface Addressed {
  readonly message: OutgoingMessage;
  readonly messageId: string;
}

/** Sends the dead letters of all records without a deferred event. Defers a record if one of its dead letters fails. */
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
      const why = "event and reason exceed SQS's message size; SQS's redrive policy moves the record instead";
      return deferRejected(one, 'dead_letter_too_large', why);
    }
    return unsent.has(messageId) ? deferRejected(one, 'dead_letter_failed', 'the dead letter could not be sent') : one;
  });
}

/** @returns the message ids of the records with a dead letter that is not known to be in the dead-letter queue */
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
      for (const code of refusalCodes(outcomes)) listener.onProblem('dead_letter_send_failed', refusedBySqs(code));
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

/** Failures are harmless: the record returns when the queue's visibility timeout ends. */
async function setVisibility(
  processed: readonly ProcessedRecord[],
  deadline: number,
  { loadQueues, clock, random, retryMs, listener }: SettleDependencies,
): Promise<void> {
  const now = clock.now();
  const changes = processed.flatMap((one): VisibilityChange[] => {
    const waiting = deferredOf(one);
    const { receiptHandle } = one.record;
    // A record that was written by hand may have no receipt handle.
    if (waiting.length === 0 || receiptHandle === '') return [];
    const receiveCount = receiveCountOf(one.record);
    const ageMs = now - firstReceivedAt(one.record, now);
    const options = { receiveCount, ageMs, retryMs, random: random() };
    return [{ receiptHandle, visibilityTimeoutS: visibilityTimeoutS(waiting, options) }];
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

import type { SQSRecord } from 'aws-lambda';
import type { Clock } from '../clock.ts';
import { inParallel } from '../in-parallel.ts';
import { rejected, type Deferred, type Outcome, type Rejected } from '../outcome.ts';
import { isFailure, visibilityTimeoutS } from './backoff.ts';
import { inBatches } from '../sqs.ts';
import { writeLetter, type Letter, type LetterContent } from './dead-letter.ts';
import type { Queues, VisibilityChange } from './queue.ts';

/** One event of a record, and where it ends up. */
export interface SettledEvent {
  readonly outcome: Outcome;
  readonly text: () => string;
  readonly eventMessageId: string | undefined;
}

/** A record after its events have been worked through. */
export interface ProcessedRecord {
  readonly record: SQSRecord;
  readonly events: readonly SettledEvent[];
}

export interface SettleDependencies {
  /** Loads the AWS SDK, so it is called only when there is something to do. */
  readonly loadQueues: () => Promise<Queues>;
  readonly clock: Clock;
  /** In [0, 1). */
  readonly random: () => number;
  readonly maxReceiveCount: number;
  /** Told of what went wrong without losing anything. */
  readonly onProblem: (code: SettleProblem, error: unknown) => void;
}

export type SettleProblem = 'dead_letter_send_failed' | 'visibility_change_failed';

/**
 * Letters for the events of one record. Beyond that the record itself becomes one letter: a message of half a million bad
 * elements must not become half a million messages, with every receive anew. What of it was delivered keeps its keys.
 */
const MOST_LETTERS = 1000;

/** How many calls to SQS are under way at once. */
const PARALLEL_CALLS = 8;

/**
 * Makes the outcomes true: writes dead letters, and keeps deferred records out of sight for a while.
 *
 * A record is one thing to SQS. While one of its events is deferred, all of it stays in the queue, and its rejected events
 * wait with it, so that they are not dead-lettered again with every receive; delivered ones are absorbed by their
 * idempotency key. Nothing is acknowledged before its letters are safe.
 *
 * @param deadline when to give up on SQS, in ms since 1970
 * @returns each record with the outcomes as they have become; those with a deferred event are to be returned to the queue
 */
export async function settle(
  processed: readonly ProcessedRecord[],
  deadline: number,
  dependencies: SettleDependencies,
): Promise<readonly ProcessedRecord[]> {
  if (processed.every(isDone)) return processed;
  const decided = processed.map((one) => giveUpIfExhausted(one, dependencies.maxReceiveCount));
  const lettered = await deadLetter(keepFifoOrder(decided), deadline, dependencies);
  // A letter that was not taken is a failure like any other.
  const settled = keepFifoOrder(lettered);
  await postpone(settled, deadline, dependencies);
  return settled;
}

/** Nothing has to be told to any queue: Lambda deletes the record. */
function isDone({ events }: ProcessedRecord): boolean {
  return events.every(({ outcome }) => outcome.kind === 'delivered' || outcome.kind === 'filtered');
}

/** The events of a record that have to wait. */
export function deferredOf({ events }: ProcessedRecord): readonly Deferred[] {
  return events.map(({ outcome }) => outcome).filter((outcome) => outcome.kind === 'deferred');
}

/** A record that a person has made up without a count has been received once. */
export function receiveCountOf(record: SQSRecord): number {
  return Number(record.attributes.ApproximateReceiveCount) || 1;
}

/** At the last allowed receive a failure becomes a rejection with its cause, unless the record only waits for its turn. */
function giveUpIfExhausted(processed: ProcessedRecord, maxReceiveCount: number): ProcessedRecord {
  if (receiveCountOf(processed.record) < maxReceiveCount || !deferredOf(processed).every(isFailure)) return processed;
  return mapOutcomes(processed, (outcome) =>
    outcome.kind === 'deferred'
      ? rejected('retries_exhausted', `${outcome.reason}: ${outcome.detail}`, outcome.heapStatus)
      : outcome,
  );
}

/**
 * On a FIFO queue a deferred record holds back the later ones of its message group, and only those. They may have reached
 * Heap in the same request: they come again behind the one that failed, so that what is later stays later.
 *
 * @see https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html
 */
function keepFifoOrder(processed: readonly ProcessedRecord[]): readonly ProcessedRecord[] {
  const blocked = new Set<string>();
  return processed.map((one) => {
    const { eventSourceARN, attributes } = one.record;
    const group = eventSourceARN.endsWith('.fifo') ? attributes.MessageGroupId : undefined;
    if (group === undefined) return one;
    if (blocked.has(group) && deferredOf(one).length === 0) return mapOutcomes(one, () => waitsForItsGroup);
    if (deferredOf(one).length > 0) blocked.add(group);
    return one;
  });
}

const waitsForItsGroup: Deferred = {
  kind: 'deferred',
  reason: 'fifo_order',
  detail: 'an earlier record of its message group has to go first',
};

interface AddressedLetter {
  readonly letter: Letter;
  readonly messageId: string;
}

async function deadLetter(
  processed: readonly ProcessedRecord[],
  deadline: number,
  { loadQueues, clock, onProblem }: SettleDependencies,
): Promise<readonly ProcessedRecord[]> {
  const letters: AddressedLetter[] = [];
  const tooLarge = new Set<string>();
  const failed = new Set<string>();
  for (const one of processed) {
    if (deferredOf(one).length > 0) continue;
    const written = writeLetters(one, clock.now());
    if (written === undefined) tooLarge.add(one.record.messageId);
    else for (const letter of written) letters.push({ letter, messageId: one.record.messageId });
  }
  if (letters.length > 0) {
    const queues = await loadQueues();
    await inParallel(
      inBatches(letters, ({ letter }) => letter.bytes),
      PARALLEL_CALLS,
      async (batch) => {
        try {
          const safe = await queues.sendLetters(
            batch.map(({ letter }) => letter),
            deadline,
          );
          const unsafe = batch.filter((_, index) => safe[index] !== true);
          if (unsafe.length > 0) onProblem('dead_letter_send_failed', new Error('SQS refused a letter'));
          for (const { messageId } of unsafe) failed.add(messageId);
        } catch (error) {
          onProblem('dead_letter_send_failed', error);
          for (const { messageId } of batch) failed.add(messageId);
        }
      },
    );
  }
  return processed.map((one) => {
    const { messageId } = one.record;
    if (tooLarge.has(messageId)) {
      return deferRejected(
        one,
        'dead_letter_too_large',
        "with its reason it is larger than a message may be: SQS's own redrive takes it",
      );
    }
    return failed.has(messageId)
      ? deferRejected(one, 'dead_letter_failed', 'the dead-letter queue did not take it')
      : one;
  });
}

function writeLetters({ record, events }: ProcessedRecord, failedAt: number): readonly Letter[] | undefined {
  const receiveCount = receiveCountOf(record);
  const about = { record, receiveCount, failedAt };
  const contents = events.flatMap(({ outcome, text, eventMessageId }, part): LetterContent[] =>
    outcome.kind === 'rejected' ? [{ ...about, part, text, rejection: outcome, eventMessageId }] : [],
  );
  const [first] = contents;
  if (first !== undefined && contents.length > MOST_LETTERS) {
    const detail = `${contents.length} of ${events.length} events were rejected, the first: ${first.rejection.detail}`;
    const rejection = { ...first.rejection, detail };
    const whole = writeLetter({ ...about, part: 0, text: () => record.body, rejection, eventMessageId: undefined });
    return whole === undefined ? undefined : [whole];
  }
  const letters = contents.map(writeLetter).filter((letter) => letter !== undefined);
  return letters.length === contents.length ? letters : undefined;
}

function deferRejected(processed: ProcessedRecord, reason: Deferred['reason'], why: string): ProcessedRecord {
  const defer = ({ reason: cause, heapStatus }: Rejected): Deferred => ({
    kind: 'deferred',
    reason,
    detail: `${why} (${cause})`,
    ...(heapStatus === undefined ? {} : { heapStatus }),
  });
  return mapOutcomes(processed, (outcome) => (outcome.kind === 'rejected' ? defer(outcome) : outcome));
}

/** A failure here loses nothing: the record comes back when the queue's own visibility timeout ends. */
async function postpone(
  processed: readonly ProcessedRecord[],
  deadline: number,
  { loadQueues, random, onProblem }: SettleDependencies,
): Promise<void> {
  const changes = processed.flatMap((one): VisibilityChange[] => {
    const deferred = deferredOf(one);
    if (deferred.length === 0) return [];
    const timeout = visibilityTimeoutS(deferred, receiveCountOf(one.record), random());
    return [{ receiptHandle: one.record.receiptHandle, visibilityTimeoutS: timeout }];
  });
  if (changes.length === 0) return;
  const queues = await loadQueues();
  await inParallel(
    inBatches(changes, () => 0),
    PARALLEL_CALLS,
    async (batch) => {
      try {
        const failures = await queues.changeVisibility(batch, deadline);
        if (failures > 0)
          onProblem('visibility_change_failed', new Error(`SQS refused ${failures} of ${batch.length}`));
      } catch (error) {
        onProblem('visibility_change_failed', error);
      }
    },
  );
}

function mapOutcomes({ record, events }: ProcessedRecord, change: (outcome: Outcome) => Outcome): ProcessedRecord {
  return { record, events: events.map((event) => ({ ...event, outcome: change(event.outcome) })) };
}

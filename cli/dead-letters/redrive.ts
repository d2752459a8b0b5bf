import { randomUUID } from 'node:crypto';
import type { SQSClient } from '@aws-sdk/client-sqs';
import { inBatches } from '../../lib/batches.ts';
import { REDRIVES } from '../../lib/forwarding/dead-letter.ts';
import { systemClock } from '../../lib/clock.ts';
import { countMessages } from '../../lib/sqs/count-messages.ts';
import { deleteMessages } from '../../lib/sqs/delete-messages.ts';
import { SQS_BATCH_LIMITS, SQS_LIMITS } from '../../lib/sqs/limits.ts';
import { messageBytes, type OutgoingMessage } from '../../lib/sqs/message.ts';
import { sendBatch } from '../../lib/sqs/send-batch.ts';
import type { Connection } from '../connection.ts';
import { createThrottle } from '../throttle.ts';
import type { DeadLetter } from './read-dead-letter.ts';
import { isSelected, type Selection } from './selection.ts';
import { toCompleteness, type Completeness } from './unseen.ts';
import { visitDeadLetters, type VisitOptions } from './visit.ts';

/** Options of `redriveDeadLetters`. */
export interface RedriveOptions extends VisitOptions {
  readonly selection: Selection;
  /** Count only, and send nothing. */
  readonly isDryRun: boolean;
  /** The maximum number of dead letters per second; undefined for no limit. */
  readonly rate: number | undefined;
  /** A dead letter that was redriven this often stays, so that it does not fail again and again. */
  readonly maxRedrives: number;
  readonly onProgress: (counts: RedriveCounts) => void;
}

/** The numbers of dead letters. Together they are all that were seen. */
export interface RedriveCounts {
  /** Sent back to the queue; in a dry run, those that would be. */
  readonly sent: number;
  readonly notSelected: number;
  /** Failed after the redrive had begun, many of them again. They are left for the next one. */
  readonly failedAnew: number;
  /** Over the redrive limit. */
  readonly overLimit: number;
  /** Pieces of events that are too large for a message of the queue. They stay. */
  readonly pieces: number;
  /** Not accepted by the queue. They are still dead letters. */
  readonly failed: number;
  /** Selected, and not sent because of an interruption. They stay. */
  readonly notReached: number;
}

/** The result of a redrive. */
export interface RedriveResult extends RedriveCounts, Completeness {
  /** How many dead letters SQS counts afterwards. The count is approximate. */
  readonly left: number;
}

/**
 * Sends dead letters back to the queue, without the attributes that describe their failure. Each one is sent first and
 * deleted afterwards. If this is interrupted, an event may be in both queues, but it is always in at least one. Heap drops
 * the duplicate by its idempotency key.
 */
export async function redriveDeadLetters(
  { client, queueUrl, deadLetterQueueUrl }: Connection,
  options: RedriveOptions,
): Promise<RedriveResult> {
  const { selection, isDryRun, rate, maxRedrives, signal, onProgress, clock = systemClock } = options;
  const counts = { sent: 0, notSelected: 0, failedAnew: 0, overLimit: 0, pieces: 0, failed: 0, notReached: 0 };
  const startedAt = clock.now();
  const throttle = createThrottle(isDryRun ? undefined : rate, signal);

  async function redrive(deadLetters: readonly DeadLetter[]): Promise<ReadonlySet<string>> {
    // An event that fails again during this run is a new dead letter and is not redriven.
    const old = deadLetters.filter(({ failedAt }) => failedAt < startedAt);
    const selected = old.filter((one) => isSelected(one, selection));
    const whole = selected.filter(({ piece }) => piece === undefined);
    const due = whole.filter(({ redrives }) => redrives < maxRedrives);
    counts.failedAnew += deadLetters.length - old.length;
    counts.notSelected += old.length - selected.length;
    counts.pieces += selected.length - whole.length;
    counts.overLimit += whole.length - due.length;
    const deleted = new Set<string>();
    for (const batch of inBatches(due.map(toRedrive), SQS_BATCH_LIMITS, ({ message }) => message.bytes)) {
      if (signal.aborted) {
        counts.notReached += batch.length;
        continue;
      }
      const sent = isDryRun ? batch : await send(client, queueUrl, batch);
      if (!isDryRun) {
        const receiptHandles = sent.map(({ deadLetter }) => deadLetter.receiptHandle);
        await deleteMessages(client, deadLetterQueueUrl, receiptHandles);
        for (const { deadLetter } of sent) deleted.add(deadLetter.id);
      }
      counts.sent += sent.length;
      counts.failed += batch.length - sent.length;
      onProgress(counts);
      await throttle(counts.sent);
    }
    onProgress(counts);
    return deleted;
  }

  const visited = await visitDeadLetters(client, deadLetterQueueUrl, options, redrive);
  return { ...counts, ...toCompleteness(visited), left: await countMessages(client, deadLetterQueueUrl) };
}

/** A dead letter and the message to be sent. */
interface Redrive {
  readonly deadLetter: DeadLetter;
  readonly message: OutgoingMessage;
}

function toRedrive(deadLetter: DeadLetter): Redrive {
  const { body, ownAttributes, redrives, groupId, traceHeader } = deadLetter;
  const attributes = Object.fromEntries(
    Object.entries(ownAttributes).map(([name, { DataType = 'String', StringValue, BinaryValue }]) => [
      name,
      BinaryValue === undefined ? { DataType, StringValue: StringValue ?? '' } : { DataType, BinaryValue },
    ]),
  );
  const counted = { ...attributes, [REDRIVES]: { DataType: 'Number', StringValue: String(redrives + 1) } };
  // A message that SQS's redrive policy has moved may have no room for the count. It is then sent without.
  const hasRoom =
    Object.keys(counted).length <= SQS_LIMITS.attributes && messageBytes(body, counted) <= SQS_LIMITS.bytes;
  const sent = hasRoom ? counted : attributes;
  const bytes = messageBytes(body, sent);
  return {
    deadLetter,
    message: { body, attributes: sent, bytes, groupId, traceHeader, deduplicationId: randomUUID() },
  };
}

/** @returns those that are in the queue */
async function send(client: SQSClient, queueUrl: string, batch: readonly Redrive[]): Promise<readonly Redrive[]> {
  const messages = batch.map(({ message }) => message);
  const outcomes = await sendBatch(client, queueUrl, messages);
  return batch.filter((_, index) => outcomes[index]?.kind === 'sent');
}

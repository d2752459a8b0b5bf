import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  DeleteMessageBatchCommand,
  SendMessageBatchCommand,
  type MessageAttributeValue,
  type SendMessageBatchRequestEntry,
  type SQSClient,
} from '@aws-sdk/client-sqs';
import { inBatches, SQS_LIMITS } from '../../lib/sqs.ts';
import type { Connection } from '../connection.ts';
import { isSelected, REDRIVES, type DeadLetter, type Selection } from './dead-letter.ts';
import { visitLetters, type Visiting } from './visit.ts';

export interface RedriveOptions extends Visiting {
  readonly selection: Selection;
  /** Looks and sends nothing. */
  readonly isDryRun: boolean;
  /** Letters a second; undefined: as fast as it goes. */
  readonly rate: number | undefined;
  /** What was sent again so often stays where it is: it would come back for ever. */
  readonly mostRedrives: number;
  readonly onProgress: (counts: RedriveCounts) => void;
}

export interface RedriveCounts {
  /** Back in the queue; in a dry run, what would be. */
  readonly sent: number;
  /** Not meant by the selection. */
  readonly left: number;
  /** Sent again too often before. */
  readonly circling: number;
  /** The queue did not take them; they are still letters. */
  readonly failed: number;
}

export interface RedriveResult extends RedriveCounts {
  readonly isComplete: boolean;
}

/**
 * Sends letters back to the queue, without what they say about their failure. Each is sent first and deleted then: whenever it is
 * interrupted, an event may be in both queues, which its idempotency key absorbs in Heap, and is never in none.
 */
export async function redriveLetters(
  { client, queueUrl, deadLetterQueueUrl }: Connection,
  { selection, isDryRun, rate, mostRedrives, hold, signal, onProgress }: RedriveOptions,
): Promise<RedriveResult> {
  const counts = { sent: 0, left: 0, circling: 0, failed: 0 };
  const startedAt = Date.now();
  const before = Math.min(selection.before ?? Number.POSITIVE_INFINITY, startedAt);

  async function redrive(letters: readonly DeadLetter[]): Promise<ReadonlySet<string>> {
    // What fails again meanwhile is a new letter, for another time.
    const selected = letters.filter((letter) => isSelected(letter, { ...selection, before }));
    const due = selected.filter(({ redrives }) => redrives < mostRedrives);
    counts.left += letters.length - selected.length;
    counts.circling += selected.length - due.length;
    const gone = new Set<string>();
    for (const batch of inBatches(due, bytesOf)) {
      // What is not begun is still a letter.
      if (signal.aborted) break;
      const sent = isDryRun ? batch : await sendBatch(client, queueUrl, batch);
      if (!isDryRun) await deleteBatch(client, deadLetterQueueUrl, sent);
      for (const { id } of isDryRun ? [] : sent) gone.add(id);
      counts.sent += sent.length;
      counts.failed += batch.length - sent.length;
      onProgress(counts);
      const aheadMs = rate === undefined ? 0 : (counts.sent / rate) * 1000 - (Date.now() - startedAt);
      if (aheadMs > 0 && !isDryRun) await sleep(aheadMs, undefined, { signal }).catch(() => undefined);
    }
    onProgress(counts);
    return gone;
  }

  const isComplete = await visitLetters(client, deadLetterQueueUrl, { hold, signal }, redrive);
  return { ...counts, isComplete: isComplete && !signal.aborted };
}

/** @returns those that are safely in the queue */
async function sendBatch(
  client: SQSClient,
  queueUrl: string,
  batch: readonly DeadLetter[],
): Promise<readonly DeadLetter[]> {
  const isFifo = queueUrl.endsWith('.fifo');
  const Entries = batch.map((letter, index): SendMessageBatchRequestEntry => ({
    Id: String(index),
    MessageBody: letter.body,
    MessageAttributes: attributesOf(letter),
    ...(letter.groupId === undefined ? {} : { MessageGroupId: letter.groupId }),
    ...(isFifo ? { MessageDeduplicationId: randomUUID() } : {}),
  }));
  const { Successful = [] } = await client.send(new SendMessageBatchCommand({ QueueUrl: queueUrl, Entries }));
  const sent = new Set(Successful.map(({ Id }) => Number(Id)));
  return batch.filter((_, index) => sent.has(index));
}

/** What SQS has moved by itself may leave no room for a count: going again uncounted is better than not going at all. */
function attributesOf({ body, ownAttributes, redrives }: DeadLetter): Readonly<Record<string, MessageAttributeValue>> {
  const hasRoom =
    Object.keys(ownAttributes).length < SQS_LIMITS.attributes && Buffer.byteLength(body) + 1024 <= SQS_LIMITS.bytes;
  const count: MessageAttributeValue = { DataType: 'Number', StringValue: String(redrives + 1) };
  return hasRoom ? { ...ownAttributes, [REDRIVES]: count } : ownAttributes;
}

async function deleteBatch(client: SQSClient, queueUrl: string, letters: readonly DeadLetter[]): Promise<void> {
  if (letters.length === 0) return;
  const Entries = letters.map(({ receiptHandle }, index) => ({ Id: String(index), ReceiptHandle: receiptHandle }));
  await client.send(new DeleteMessageBatchCommand({ QueueUrl: queueUrl, Entries }));
}

/** Attributes count as well; those that a sender gave it are small. */
function bytesOf({ body }: DeadLetter): number {
  return Buffer.byteLength(body) + 1024;
}

import {
  ChangeMessageVisibilityBatchCommand,
  ReceiveMessageCommand,
  type Message,
  type SQSClient,
} from '@aws-sdk/client-sqs';
import { inBatches, SQS_LIMITS } from '../../lib/sqs.ts';
import { toDeadLetter, type DeadLetter } from './dead-letter.ts';

/** Receives that are under way at once. */
const PARALLEL_RECEIVES = 4;

/** How letters are looked at. */
export interface Visiting {
  /** For how long a letter is out of sight, in s: whoever dies in between keeps it no longer from the others. */
  readonly hold: number;
  /** Stops between two batches. */
  readonly signal: AbortSignal;
}

/**
 * Shows every letter of a queue to `visit`, each once. SQS has no way to look without receiving, so each letter is out of sight for a
 * moment; in the end, and when it is interrupted, all are given back that are still there.
 *
 * @param visit gives the ids of the letters that it has deleted
 * @returns whether every letter was seen
 */
export async function visitLetters(
  client: SQSClient,
  queueUrl: string,
  { hold, signal }: Visiting,
  visit: (letters: readonly DeadLetter[]) => Promise<ReadonlySet<string>> | ReadonlySet<string>,
): Promise<boolean> {
  /** Letters that are still in the queue, by id, with the latest handle: a long visit sees some of them again. */
  const held = new Map<string, string>();
  const seen = new Set<string>();
  /** Letters that came again since the last new one. */
  let again = 0;
  try {
    for (;;) {
      if (signal.aborted) return false;
      const received = await receiveSome(client, queueUrl, hold);
      for (const { id, receiptHandle } of received) held.set(id, receiptHandle);
      const news = new Map(received.filter(({ id }) => !seen.has(id)).map((letter) => [letter.id, letter]));
      again = news.size > 0 ? 0 : again + received.length;
      // What comes again may stand before what is new: only when all have come again is there nothing new.
      if (received.length === 0 || again > held.size) return true;
      if (news.size === 0) continue;
      for (const id of news.keys()) seen.add(id);
      for (const id of await visit([...news.values()])) held.delete(id);
    }
  } finally {
    await giveBack(client, queueUrl, [...held.values()]);
  }
}

async function receiveSome(client: SQSClient, queueUrl: string, hold: number): Promise<readonly DeadLetter[]> {
  const receive = async (): Promise<readonly Message[]> => {
    const { Messages = [] } = await client.send(
      new ReceiveMessageCommand({
        QueueUrl: queueUrl,
        MaxNumberOfMessages: SQS_LIMITS.batchEntries,
        VisibilityTimeout: hold,
        // With waiting SQS asks all of its servers, and an empty answer means an empty queue.
        WaitTimeSeconds: 1,
        MessageAttributeNames: ['All'],
        MessageSystemAttributeNames: ['All'],
      }),
    );
    return Messages;
  };
  const received = await Promise.all(Array.from({ length: PARALLEL_RECEIVES }, receive));
  return received.flat().map(toDeadLetter);
}

/** What cannot be given back comes back by itself when its time is over. */
async function giveBack(client: SQSClient, queueUrl: string, handles: readonly string[]): Promise<void> {
  for (const batch of inBatches(handles, () => 0)) {
    const Entries = batch.map((ReceiptHandle, index) => ({ Id: String(index), ReceiptHandle, VisibilityTimeout: 0 }));
    await client.send(new ChangeMessageVisibilityBatchCommand({ QueueUrl: queueUrl, Entries })).catch(() => undefined);
  }
}

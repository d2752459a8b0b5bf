import type { SQSClient } from '@aws-sdk/client-sqs';
import { pMapIterable } from 'p-map';
import { inBatchesAsync } from '../../lib/batches.ts';
import { systemClock } from '../../lib/clock.ts';
import { isFifo } from '../../lib/sqs/fifo.ts';
import { SQS_BATCH_LIMITS } from '../../lib/sqs/limits.ts';
import { sendBatch } from '../../lib/sqs/send-batch.ts';
import { sendWithRetry } from '../../lib/sqs/send-with-retry.ts';
import { CallerError } from '../caller-error.ts';
import { createThrottle } from '../throttle.ts';
import { readItems } from './read-items.ts';
import { toMessages, type NumberedMessage } from './to-messages.ts';

export interface EnqueueOptions {
  /** `-` for standard input. */
  readonly file: string;
  /** Items to leave out: they are in the queue already. */
  readonly skip: number;
  /** Events that share a message at most. */
  readonly eventsPerMessage: number;
  /** Items a second; undefined: as fast as it goes. */
  readonly rate: number | undefined;
  readonly signal: AbortSignal;
  /**
   * @param done items from the beginning of the file that are in the queue, without a gap
   * @param bytes read of the file
   */
  readonly onProgress: (done: number, bytes: number) => void;
}

/** Batches that are under way at once. */
const PARALLEL_SENDS = 8;

/**
 * Puts the events of a file into the queue, and holds no more of it in memory than is under way. An item that is not valid
 * JSON or too large stops it with the line: history that is half loaded should not pass for whole.
 *
 * @returns items from the beginning that are in the queue; fewer than the file has when it was interrupted
 * @throws CallerError naming file and line, or why the queue refuses a message
 */
export async function enqueueFile(client: SQSClient, queueUrl: string, options: EnqueueOptions): Promise<number> {
  const { file, skip, rate, signal, onProgress } = options;
  let bytes = 0;
  let done = skip;
  const items = readItems(file, (read) => (bytes += read));
  const messages = toMessages(items, { ...options, isFifo: isFifo(queueUrl) });
  const batches = inBatchesAsync(messages, SQS_BATCH_LIMITS, (message) => message.bytes);
  const due = untilAborted(batches, createThrottle(rate, signal), skip, signal);
  // Results come in the order of the file, so that `done` never jumps over a batch that is still under way. A FIFO queue keeps
  // the order in which it is sent to.
  const concurrency = isFifo(queueUrl) ? 1 : PARALLEL_SENDS;
  for await (const upTo of pMapIterable(due, (batch) => send(client, queueUrl, batch), { concurrency })) {
    done = upTo;
    onProgress(done, bytes);
  }
  return done;
}

async function* untilAborted(
  batches: AsyncIterable<readonly NumberedMessage[]>,
  throttle: (done: number) => Promise<void>,
  skip: number,
  signal: AbortSignal,
): AsyncGenerator<readonly NumberedMessage[]> {
  for await (const batch of batches) {
    if (signal.aborted) return;
    yield batch;
    await throttle((batch.at(-1)?.upTo ?? skip) - skip);
  }
}

/** @returns items from the beginning of the file up to the batch's last one */
async function send(client: SQSClient, queueUrl: string, batch: readonly NumberedMessage[]): Promise<number> {
  const options = { clock: systemClock, random: Math.random };
  const [unsent] = await sendWithRetry(batch, (messages) => sendBatch(client, queueUrl, messages), options);
  if (unsent !== undefined) throw new CallerError(`the queue refuses a message: ${unsent.failure.message}`);
  return batch.at(-1)?.upTo ?? 0;
}

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
import { readItems, type CellTypes } from './read-items.ts';
import { toMessages, type NumberedMessage } from './to-messages.ts';

/** Options of `enqueueFile`. */
export interface EnqueueOptions {
  /** `-` for standard input. */
  readonly file: string;
  /** The number of items to skip, because they are in the queue already. */
  readonly skip: number;
  /** What the cells of a CSV file are. */
  readonly types?: CellTypes;
  /** The maximum number of events per message. */
  readonly eventsPerMessage: number;
  /** The maximum number of items per second; undefined for no limit. */
  readonly rate: number | undefined;
  /** Stops before the next batch. */
  readonly signal: AbortSignal;
  /**
   * Called after every batch.
   *
   * @param done the number of items, from the start of the file without a gap, that are in the queue
   * @param bytes the bytes read from the file
   */
  readonly onProgress: (done: number, bytes: number) => void;
}

/** Batches that are sent concurrently. */
const PARALLEL_SENDS = 8;

/**
 * Sends the events of a file to the queue. Only the batches in progress are in memory. It stops at an item that is not valid
 * JSON or too large, since otherwise an incomplete import could be mistaken for a complete one.
 *
 * @returns the number of items, from the start of the file, that are in the queue
 * @throws CallerError that names the file and line of an invalid item, or says why the queue refuses a message
 */
export async function enqueueFile(client: SQSClient, queueUrl: string, options: EnqueueOptions): Promise<number> {
  const { file, skip, rate, signal, onProgress } = options;
  let bytes = 0;
  let done = skip;
  const items = readItems(file, (read) => (bytes += read), options.types);
  const messages = toMessages(items, { ...options, isFifo: isFifo(queueUrl) });
  const batches = inBatchesAsync(messages, SQS_BATCH_LIMITS, (message) => message.bytes);
  const due = untilAborted(batches, createThrottle(rate, signal), skip, signal);
  // Results arrive in the order of the file, so that `done` never includes a batch that is still being sent. On a FIFO queue
  // batches are sent one after the other, to keep the order.
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

/** @returns the number of items from the start of the file to the end of the batch */
async function send(client: SQSClient, queueUrl: string, batch: readonly NumberedMessage[]): Promise<number> {
  const options = { clock: systemClock, random: Math.random };
  const [unsent] = await sendWithRetry(batch, (messages) => sendBatch(client, queueUrl, messages), options);
  if (unsent !== undefined) throw new CallerError(`the queue refused a message: ${unsent.failure.message}`);
  return batch.at(-1)?.upTo ?? 0;
}

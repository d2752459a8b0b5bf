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
import { openHistory, type Entry, type History } from '../history/open-history.ts';
import type { ReadOptions } from '../history/read-options.ts';
import type { Reached } from './checkpoint.ts';
import { toMessages, type NumberedMessage } from './to-messages.ts';

/** Options of `enqueueFile`. */
export interface EnqueueOptions {
  /** `-` for standard input. */
  readonly file: string;
  /** How many items are in the queue already; they have to be the same as then. */
  readonly skip: Reached;
  /** Returns the error if they are not. */
  readonly changed?: (() => CallerError) | undefined;
  readonly reading: ReadOptions;
  /** When the load began, in ms since 1970: later times are not believed. */
  readonly startedMs: number;
  /** The file, if it is open already. */
  readonly history?: History | undefined;
  /** The maximum number of events per message. */
  readonly eventsPerMessage: number;
  /** The maximum number of items per second; undefined for no limit. */
  readonly rate: number | undefined;
  /** Stops before the next batch. */
  readonly signal: AbortSignal;
  /**
   * Called after every batch.
   *
   * @param reached how far, from the start of the file without a gap, items are in the queue
   * @param bytes the bytes read from the file
   * @param sent the number of events and bodies in the batch
   */
  readonly onProgress: (reached: Reached, bytes: number, sent: number) => void;
  /** Called for each item that is not in the queue yet, as it is read. */
  readonly onEntry?: (entry: Entry) => void;
  /** Takes an item that cannot be sent; undefined to stop at it. */
  readonly onBad?: ((entry: Entry, why: string) => void) | undefined;
  /** Returns the size of the file that `onBad` writes to, in bytes. */
  readonly badBytes?: (() => number) | undefined;
  /** Called when a batch could not be sent: others may be in the queue without being counted. */
  readonly onFailedSend?: (() => void) | undefined;
}

/** Batches that are sent concurrently. */
const PARALLEL_SENDS = 8;

/**
 * Sends the events of a file to the queue. Only the batches in progress are in memory. It stops at an item that cannot be read
 * rightly or is too large, since otherwise an incomplete import could be mistaken for a complete one.
 *
 * @returns how far, from the start of the file, items are in the queue
 * @throws CallerError that names the file and line of such an item, says why the file is refused, or why the queue refuses a
 *   message
 */
export async function enqueueFile(client: SQSClient, queueUrl: string, options: EnqueueOptions): Promise<Reached> {
  const { file, skip, rate, signal, onProgress, onFailedSend } = options;
  let bytes = 0;
  let reached = skip;
  const { entries } =
    options.history ?? (await openHistory(file, options.reading, (read) => (bytes += read), options.startedMs));
  const messages = toMessages(entries, {
    ...options,
    onEntry: options.onEntry ?? (() => undefined),
    onBad: options.onBad,
    badBytes: options.badBytes ?? (() => 0),
    isFifo: isFifo(queueUrl),
  });
  const batches = inBatchesAsync(messages, SQS_BATCH_LIMITS, (message) => message.bytes);
  const due = untilAborted(batches, createThrottle(rate, signal), skip, signal);
  // Results arrive in the order of the file, so that `reached` never includes a batch that is still being sent. On a FIFO
  // queue batches are sent one after the other, to keep the order.
  const concurrency = isFifo(queueUrl) ? 1 : PARALLEL_SENDS;
  const sendOne = async (batch: readonly NumberedMessage[]): Promise<readonly NumberedMessage[]> => {
    try {
      return await send(client, queueUrl, batch);
    } catch (error) {
      onFailedSend?.();
      throw error;
    }
  };
  for await (const batch of pMapIterable(due, sendOne, { concurrency })) {
    reached = batch.at(-1)?.upTo ?? reached;
    onProgress(
      reached,
      bytes,
      batch.reduce((sum, { parts }) => sum + parts, 0),
    );
  }
  return reached;
}

async function* untilAborted(
  batches: AsyncIterable<readonly NumberedMessage[]>,
  throttle: (done: number) => Promise<void>,
  skip: Reached,
  signal: AbortSignal,
): AsyncGenerator<readonly NumberedMessage[]> {
  for await (const batch of batches) {
    if (signal.aborted) return;
    yield batch;
    await throttle((batch.at(-1)?.upTo ?? skip).done - skip.done);
  }
}

async function send(
  client: SQSClient,
  queueUrl: string,
  batch: readonly NumberedMessage[],
): Promise<readonly NumberedMessage[]> {
  const options = { clock: systemClock, random: Math.random };
  const [unsent] = await sendWithRetry(batch, (messages) => sendBatch(client, queueUrl, messages), options);
  if (unsent !== undefined) throw new CallerError(`the queue refused a message: ${unsent.failure.message}`);
  return batch;
}

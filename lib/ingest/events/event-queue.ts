import { abortAt } from '../../sqs/abort-at.ts';
import { createSqsClient } from '../../sqs/client.ts';
import { isFifo } from '../../sqs/fifo.ts';
import type { OutgoingMessage } from '../../sqs/message.ts';
import { sendBatch, type SendOutcome } from '../../sqs/send-batch.ts';

/** A queue that the HTTP endpoint and the Lambda destination write to: for events, or for dead letters. */
export interface EventQueue {
  readonly isFifo: boolean;
  /**
   * Sends one batch, without retries.
   *
   * @param deadline when the call is aborted, in ms since 1970
   * @returns the outcome of each message, in order
   * @throws the SDK's error if the whole call fails
   */
  readonly sendBatch: (messages: readonly OutgoingMessage[], deadline: number) => Promise<readonly SendOutcome[]>;
}

/**
 * Implements `EventQueue` with the AWS SDK. The SDK's retries are disabled, since the caller retries only unsent messages.
 *
 * @param client shared by several queues; by default one of its own
 */
export function createEventQueue(queueUrl: string, client = createSqsClient({ maxAttempts: 1 })): EventQueue {
  return {
    isFifo: isFifo(queueUrl),
    sendBatch: (messages, deadline) => sendBatch(client, queueUrl, messages, abortAt(deadline)),
  };
}

/** Creates the queue for events and the one for dead letters, with one client. */
export function createEventQueues(urls: { readonly queueUrl: string; readonly deadLetterQueueUrl: string }): {
  readonly queue: EventQueue;
  readonly deadLetterQueue: EventQueue;
} {
  const client = createSqsClient({ maxAttempts: 1 });
  return {
    queue: createEventQueue(urls.queueUrl, client),
    deadLetterQueue: createEventQueue(urls.deadLetterQueueUrl, client),
  };
}

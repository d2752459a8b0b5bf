import { abortAt } from '../../sqs/abort-at.ts';
import { createSqsClient } from '../../sqs/client.ts';
import { isFifo } from '../../sqs/fifo.ts';
import type { OutgoingMessage } from '../../sqs/message.ts';
import { sendBatch, type SendOutcome } from '../../sqs/send-batch.ts';

/** The queue that the HTTP endpoint writes to. */
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
 */
export function createEventQueue(queueUrl: string): EventQueue {
  const client = createSqsClient({ maxAttempts: 1 });
  return {
    isFifo: isFifo(queueUrl),
    sendBatch: (messages, deadline) => sendBatch(client, queueUrl, messages, abortAt(deadline)),
  };
}

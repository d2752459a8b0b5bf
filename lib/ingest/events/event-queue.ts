import { abortAt } from '../../sqs/abort-at.ts';
import { createSqsClient } from '../../sqs/client.ts';
import { isFifo } from '../../sqs/fifo.ts';
import type { OutgoingMessage } from '../../sqs/message.ts';
import { sendBatch, type SendOutcome } from '../../sqs/send-batch.ts';

/** The queue as the HTTP endpoint uses it. */
export interface EventQueue {
  readonly isFifo: boolean;
  /**
   * Sends one batch, once.
   *
   * @param deadline in ms since 1970
   * @returns the outcome of each message
   */
  readonly sendBatch: (messages: readonly OutgoingMessage[], deadline: number) => Promise<readonly SendOutcome[]>;
}

/** The queue, by the AWS SDK. The SDK does not repeat a call: the caller does, and knows what has arrived. */
export function createEventQueue(queueUrl: string): EventQueue {
  const client = createSqsClient({ maxAttempts: 1 });
  return {
    isFifo: isFifo(queueUrl),
    sendBatch: (messages, deadline) => sendBatch(client, queueUrl, messages, abortAt(deadline)),
  };
}

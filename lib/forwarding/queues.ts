import { abortAt } from '../sqs/abort-at.ts';
import { changeVisibility, type VisibilityChange } from '../sqs/change-visibility.ts';
import { createSqsClient } from '../sqs/client.ts';
import type { OutgoingMessage } from '../sqs/message.ts';
import { sendBatch, type SendOutcome } from '../sqs/send-batch.ts';

/** The calls to SQS that the function makes itself. Lambda receives and deletes the records. */
export interface Queues {
  /**
   * Sends one batch to the dead-letter queue.
   *
   * @param deadline in ms since 1970
   * @returns the outcome of each message
   */
  readonly sendDeadLetters: (messages: readonly OutgoingMessage[], deadline: number) => Promise<readonly SendOutcome[]>;
  /**
   * Changes the visibility timeouts of at most ten records.
   *
   * @param deadline in ms since 1970
   * @returns how many changes failed
   */
  readonly changeVisibility: (changes: readonly VisibilityChange[], deadline: number) => Promise<number>;
}

/** The source queue and its dead-letter queue. */
export interface QueueUrls {
  readonly queueUrl: string;
  readonly deadLetterQueueUrl: string;
}

/**
 * Implements `Queues` with the AWS SDK. This file is imported only when a batch needs it, because loading the SDK takes
 * longer than the rest of a cold start.
 */
export function createQueues({ queueUrl, deadLetterQueueUrl }: QueueUrls): Queues {
  const client = createSqsClient({ maxAttempts: 3 });
  return {
    sendDeadLetters: (messages, deadline) => sendBatch(client, deadLetterQueueUrl, messages, abortAt(deadline)),
    changeVisibility: (changes, deadline) => changeVisibility(client, queueUrl, changes, abortAt(deadline)),
  };
}

import { abortAt } from '../sqs/abort-at.ts';
import { changeVisibility, type VisibilityChange } from '../sqs/change-visibility.ts';
import { createSqsClient } from '../sqs/client.ts';
import type { OutgoingMessage } from '../sqs/message.ts';
import { sendBatch, type SendOutcome } from '../sqs/send-batch.ts';

/** What the function does with queues by itself; everything else is Lambda's own work. */
export interface Queues {
  /**
   * Sends one batch to the dead-letter queue.
   *
   * @param deadline in ms since 1970
   * @returns the outcome of each message
   */
  readonly sendDeadLetters: (messages: readonly OutgoingMessage[], deadline: number) => Promise<readonly SendOutcome[]>;
  /**
   * Changes at most ten visibility timeouts.
   *
   * @param deadline in ms since 1970
   * @returns how many changes failed
   */
  readonly changeVisibility: (changes: readonly VisibilityChange[], deadline: number) => Promise<number>;
}

export interface QueueUrls {
  readonly queueUrl: string;
  readonly deadLetterQueueUrl: string;
}

/**
 * The queues, by the AWS SDK. This file is imported only when a batch needs it: loading the SDK takes longer than everything
 * else in a cold start.
 */
export function createQueues({ queueUrl, deadLetterQueueUrl }: QueueUrls): Queues {
  const client = createSqsClient({ maxAttempts: 3 });
  return {
    sendDeadLetters: (messages, deadline) => sendBatch(client, deadLetterQueueUrl, messages, abortAt(deadline)),
    changeVisibility: (changes, deadline) => changeVisibility(client, queueUrl, changes, abortAt(deadline)),
  };
}

import {
  ChangeMessageVisibilityBatchCommand,
  SendMessageBatchCommand,
  SQSClient,
  type SendMessageBatchRequestEntry,
} from '@aws-sdk/client-sqs';
import type { Letter } from './dead-letter.ts';

/** A record that is to stay out of sight for a while. */
export interface VisibilityChange {
  readonly receiptHandle: string;
  readonly visibilityTimeoutS: number;
}

/** What the function does with queues by itself; everything else is Lambda's own work. */
export interface Queues {
  /**
   * Sends at most ten letters.
   *
   * @returns for each letter whether it is safely in the queue
   */
  sendLetters(letters: readonly Letter[], deadline: number): Promise<readonly boolean[]>;
  /**
   * Changes at most ten visibility timeouts.
   *
   * @returns how many changes failed
   */
  changeVisibility(changes: readonly VisibilityChange[], deadline: number): Promise<number>;
}

export interface QueueUrls {
  readonly queueUrl: string;
  readonly deadLetterQueueUrl: string;
}

/**
 * The queues, by the AWS SDK. This file alone imports the SDK, and is itself imported only when a batch needs it: loading
 * it takes longer than everything else in a cold start.
 */
export function createQueues({ queueUrl, deadLetterQueueUrl }: QueueUrls): Queues {
  // Left to itself the client prefers the host of the queue's URL to AWS_ENDPOINT_URL_SQS.
  const client = new SQSClient({ maxAttempts: 3, useQueueUrlAsEndpoint: false });

  return {
    async sendLetters(letters, deadline) {
      const isFifo = deadLetterQueueUrl.endsWith('.fifo');
      const Entries = letters.map((letter, index) => toEntry(letter, index, isFifo));
      const { Successful = [] } = await client.send(
        new SendMessageBatchCommand({ QueueUrl: deadLetterQueueUrl, Entries }),
        { abortSignal: abortAt(deadline) },
      );
      const sent = new Set(Successful.map(({ Id }) => Id));
      return letters.map((_, index) => sent.has(String(index)));
    },

    async changeVisibility(changes, deadline) {
      const Entries = changes.map(({ receiptHandle, visibilityTimeoutS }, index) => ({
        Id: String(index),
        ReceiptHandle: receiptHandle,
        VisibilityTimeout: visibilityTimeoutS,
      }));
      const { Failed = [] } = await client.send(
        new ChangeMessageVisibilityBatchCommand({ QueueUrl: queueUrl, Entries }),
        {
          abortSignal: abortAt(deadline),
        },
      );
      return Failed.length;
    },
  };
}

function toEntry(
  { body, attributes, groupId, deduplicationId }: Letter,
  index: number,
  isFifo: boolean,
): SendMessageBatchRequestEntry {
  return {
    Id: String(index),
    MessageBody: body,
    MessageAttributes: { ...attributes },
    ...(groupId === undefined ? {} : { MessageGroupId: groupId }),
    ...(isFifo ? { MessageDeduplicationId: deduplicationId } : {}),
  };
}

function abortAt(deadline: number): AbortSignal {
  return AbortSignal.timeout(Math.max(1, deadline - Date.now()));
}

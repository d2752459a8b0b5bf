import { SendMessageBatchCommand, SQSClient } from '@aws-sdk/client-sqs';
import type { EventQueue } from './send.ts';

/** The queue, by the AWS SDK. It tries once: trying again is up to the caller, which knows what has arrived. */
export function createEventQueue(queueUrl: string): EventQueue {
  const isFifo = queueUrl.endsWith('.fifo');
  // Left to itself the client prefers the host of the queue's URL to AWS_ENDPOINT_URL_SQS.
  const client = new SQSClient({ maxAttempts: 1, useQueueUrlAsEndpoint: false });
  return {
    isFifo,
    async sendBatch(messages, deadline) {
      const Entries = messages.map(({ body, groupId, deduplicationId }, index) => ({
        Id: String(index),
        MessageBody: body,
        ...(isFifo ? { MessageGroupId: groupId, MessageDeduplicationId: deduplicationId } : {}),
      }));
      const { Successful = [] } = await client.send(new SendMessageBatchCommand({ QueueUrl: queueUrl, Entries }), {
        abortSignal: AbortSignal.timeout(Math.max(1, deadline - Date.now())),
      });
      const sent = new Set(Successful.map(({ Id }) => Id));
      return messages.map((_, index) => sent.has(String(index)));
    },
  };
}

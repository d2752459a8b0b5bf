import { randomUUID } from 'node:crypto';
import { CreateQueueCommand, type SQSClient } from '@aws-sdk/client-sqs';
import { createLocalClient } from '../../local/queues.ts';
import { sqsEndpoint } from '../support/lambda-harness.ts';

let client: SQSClient | undefined;

/** A client for the SQS server of the tests. */
export function localClient(): SQSClient {
  client ??= createLocalClient(sqsEndpoint());
  return client;
}

/** Makes a queue that nobody else uses, and gives its URL. */
export async function createTestQueue({ isFifo = false } = {}): Promise<string> {
  const { QueueUrl = '' } = await localClient().send(
    new CreateQueueCommand({
      QueueName: `${randomUUID()}${isFifo ? '.fifo' : ''}`,
      Attributes: { VisibilityTimeout: '60', ...(isFifo ? { FifoQueue: 'true' } : {}) },
    }),
  );
  // The server names a host below its own address, which does not exist.
  return QueueUrl.replace(/^https?:\/\/[^/]+/, sqsEndpoint());
}

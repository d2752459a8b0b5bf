import { ReceiveMessageCommand, type Message, type SQSClient } from '@aws-sdk/client-sqs';
import { SQS_BATCH_LIMITS } from './limits.ts';

export interface ReceiveOptions {
  /** Messages at most; ten unless told. */
  readonly count?: number;
  /** How long SQS waits for a first message, in s. With a wait it asks all its servers, so that nothing means empty. */
  readonly waitS?: number;
  /** How long the messages stay invisible to others, in s; the queue's own setting unless told. */
  readonly visibilityTimeoutS?: number;
}

/** Receives messages with all their attributes. */
export async function receive(
  client: SQSClient,
  queueUrl: string,
  { count = SQS_BATCH_LIMITS.items, waitS = 0, visibilityTimeoutS }: ReceiveOptions = {},
): Promise<readonly Message[]> {
  const { Messages = [] } = await client.send(
    new ReceiveMessageCommand({
      QueueUrl: queueUrl,
      MaxNumberOfMessages: count,
      WaitTimeSeconds: waitS,
      MessageAttributeNames: ['All'],
      MessageSystemAttributeNames: ['All'],
      ...(visibilityTimeoutS === undefined ? {} : { VisibilityTimeout: visibilityTimeoutS }),
    }),
  );
  return Messages;
}

import { ReceiveMessageCommand, type Message, type SQSClient } from '@aws-sdk/client-sqs';
import { SQS_BATCH_LIMITS } from './limits.ts';

/** The parameters of one ReceiveMessage call. */
export interface ReceiveOptions {
  /** The maximum number of messages; 10 by default. */
  readonly count?: number;
  /** How long to wait for a first message, in seconds. Only long polling (a wait over 0) queries all of SQS's servers. */
  readonly waitS?: number;
  /** The visibility timeout of the messages, in seconds; the queue's own by default. */
  readonly visibilityTimeoutS?: number;
}

/**
 * Receives messages with all their attributes.
 *
 * @throws the SDK's error if the call fails
 */
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

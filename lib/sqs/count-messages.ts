import { GetQueueAttributesCommand, type SQSClient } from '@aws-sdk/client-sqs';

/** How many messages a queue holds, by state. AWS calls these counts approximate: they may lag behind by a minute. */
export interface MessageCounts {
  readonly visible: number;
  /** In flight: received, and neither deleted nor visible again. */
  readonly notVisible: number;
  readonly delayed: number;
}

/** What SQS says about a queue. */
export interface QueueState extends MessageCounts {
  /** The queue's own visibility timeout, in seconds. */
  readonly visibilityTimeoutS: number;
}

/** Returns the approximate number of messages in a queue, including delayed and in-flight messages. */
export async function countMessages(client: SQSClient, queueUrl: string): Promise<number> {
  return totalOf(await readQueueState(client, queueUrl));
}

/** Returns the number of messages in all states. */
export function totalOf({ visible, notVisible, delayed }: MessageCounts): number {
  return visible + notVisible + delayed;
}

/**
 * Returns the approximate numbers of messages in a queue by state, and its visibility timeout.
 *
 * @throws the SDK's error if the call fails
 * @see https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_GetQueueAttributes.html
 */
export async function readQueueState(client: SQSClient, queueUrl: string): Promise<QueueState> {
  const { Attributes = {} } = await client.send(
    new GetQueueAttributesCommand({
      QueueUrl: queueUrl,
      AttributeNames: [
        'ApproximateNumberOfMessages',
        'ApproximateNumberOfMessagesNotVisible',
        'ApproximateNumberOfMessagesDelayed',
        'VisibilityTimeout',
      ],
    }),
  );
  return {
    visible: Number(Attributes.ApproximateNumberOfMessages ?? 0),
    notVisible: Number(Attributes.ApproximateNumberOfMessagesNotVisible ?? 0),
    delayed: Number(Attributes.ApproximateNumberOfMessagesDelayed ?? 0),
    visibilityTimeoutS: Number(Attributes.VisibilityTimeout ?? 0),
  };
}

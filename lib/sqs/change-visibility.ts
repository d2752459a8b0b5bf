import { ChangeMessageVisibilityBatchCommand, type SQSClient } from '@aws-sdk/client-sqs';

/** A new visibility timeout for a received message. */
export interface VisibilityChange {
  readonly receiptHandle: string;
  /** 0 makes the message visible at once. */
  readonly visibilityTimeoutS: number;
}

/**
 * Changes the visibility timeouts of at most ten messages.
 *
 * @returns how many changes SQS refused
 * @throws the SDK's error if the whole call fails
 */
export async function changeVisibility(
  client: SQSClient,
  queueUrl: string,
  changes: readonly VisibilityChange[],
  abortSignal?: AbortSignal,
): Promise<number> {
  return (await refusedVisibilityChanges(client, queueUrl, changes, abortSignal)).length;
}

/**
 * Changes the visibility timeouts of at most ten messages.
 *
 * @returns the receipt handles whose change SQS refused, for example because the message is no longer in flight
 * @throws the SDK's error if the whole call fails
 */
export async function refusedVisibilityChanges(
  client: SQSClient,
  queueUrl: string,
  changes: readonly VisibilityChange[],
  abortSignal?: AbortSignal,
): Promise<readonly string[]> {
  const Entries = changes.map(({ receiptHandle, visibilityTimeoutS }, index) => ({
    Id: String(index),
    ReceiptHandle: receiptHandle,
    VisibilityTimeout: visibilityTimeoutS,
  }));
  const { Failed = [] } = await client.send(
    new ChangeMessageVisibilityBatchCommand({ QueueUrl: queueUrl, Entries }),
    abortSignal === undefined ? {} : { abortSignal },
  );
  return Failed.map(({ Id }) => changes[Number(Id)]?.receiptHandle ?? '');
}

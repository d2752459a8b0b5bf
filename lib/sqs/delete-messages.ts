import { DeleteMessageBatchCommand, type SQSClient } from '@aws-sdk/client-sqs';
import { inBatches } from '../batches.ts';
import { SQS_BATCH_LIMITS } from './limits.ts';

/**
 * Deletes messages, ten at a time. One that SQS refuses to delete comes back when its visibility timeout ends.
 *
 * @throws the SDK's error when a call fails as a whole
 */
export async function deleteMessages(
  client: SQSClient,
  queueUrl: string,
  receiptHandles: Iterable<string>,
): Promise<void> {
  for (const batch of inBatches(receiptHandles, SQS_BATCH_LIMITS, () => 0)) {
    const Entries = batch.map((ReceiptHandle, index) => ({ Id: String(index), ReceiptHandle }));
    await client.send(new DeleteMessageBatchCommand({ QueueUrl: queueUrl, Entries }));
  }
}

import { DeleteMessageBatchCommand, type SQSClient } from '@aws-sdk/client-sqs';
import { inBatches } from '../batches.ts';
import { SQS_BATCH_LIMITS } from './limits.ts';

/**
 * Deletes messages, ten per call. A message that SQS fails to delete becomes visible again after its visibility timeout.
 *
 * @throws the SDK's error if a whole call fails
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

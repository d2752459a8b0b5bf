import { changeVisibility } from '../../lib/sqs/change-visibility.ts';
import { receive } from '../../lib/sqs/receive.ts';
import { sendBatch } from '../../lib/sqs/send-batch.ts';
import { createTestQueue, localClient } from './test-queue.ts';

test('a message becomes visible again, or stays in flight, as told; what SQS refuses is counted', async () => {
  const queueUrl = await createTestQueue();
  const bodies = ['a', 'b', 'c'];
  await sendBatch(
    localClient(),
    queueUrl,
    bodies.map((body) => ({ body, bytes: 1 })),
  );
  const received = await receive(localClient(), queueUrl);
  const handleOf = (body: string): string => received.find(({ Body }) => Body === body)?.ReceiptHandle ?? '';
  const changes = [
    { receiptHandle: handleOf('a'), visibilityTimeoutS: 0 },
    { receiptHandle: handleOf('b'), visibilityTimeoutS: 600 },
    { receiptHandle: 'not a handle', visibilityTimeoutS: 0 },
    { receiptHandle: handleOf('c'), visibilityTimeoutS: 0 },
  ];
  expect(await changeVisibility(localClient(), queueUrl, changes)).toBe(1);
  const again = await receive(localClient(), queueUrl);
  expect(again.map(({ Body }) => Body).toSorted()).toEqual(['a', 'c']);
});

test('a call that is aborted throws', async () => {
  const changes = [{ receiptHandle: 'h', visibilityTimeoutS: 0 }];
  const call = changeVisibility(localClient(), await createTestQueue(), changes, AbortSignal.abort());
  await expect(call).rejects.toThrow(/abort/i);
});

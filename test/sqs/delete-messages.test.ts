import { countMessages } from '../../lib/sqs/count-messages.ts';
import { deleteMessages } from '../../lib/sqs/delete-messages.ts';
import { receive } from '../../lib/sqs/receive.ts';
import { sendBatch } from '../../lib/sqs/send-batch.ts';
import { createTestQueue, localClient } from './test-queue.ts';

test('any number of messages is deleted, and no other', async () => {
  const queueUrl = await createTestQueue();
  const messages = Array.from({ length: 10 }, (_, index) => ({ body: `m-${index}`, bytes: 3 }));
  for (let batch = 0; batch < 3; batch += 1) await sendBatch(localClient(), queueUrl, messages);
  const received = [];
  for (let batch = 0; batch < 3; batch += 1) received.push(...(await receive(localClient(), queueUrl)));
  expect(received).toHaveLength(30);
  const handles = received.slice(0, 25).map(({ ReceiptHandle = '' }) => ReceiptHandle);
  await deleteMessages(localClient(), queueUrl, handles);
  expect(await countMessages(localClient(), queueUrl)).toBe(5);
});

test('nothing to delete is no call', async () => {
  await expect(deleteMessages(localClient(), 'http://192.0.2.1:9/q', [])).resolves.toBeUndefined();
});

import { SendMessageCommand } from '@aws-sdk/client-sqs';
import { receive } from '../../lib/sqs/receive.ts';
import { sendBatch } from '../../lib/sqs/send-batch.ts';
import { createTestQueue, localClient } from './test-queue.ts';

async function queueOf(count: number): Promise<string> {
  const queueUrl = await createTestQueue();
  const messages = Array.from({ length: count }, (_, index) => ({ body: `m-${index}`, bytes: 3 }));
  if (count > 0) await sendBatch(localClient(), queueUrl, messages);
  return queueUrl;
}

test('an empty queue gives nothing', async () => {
  expect(await receive(localClient(), await queueOf(0))).toEqual([]);
});

test('ten messages come at once, or as many as asked for', async () => {
  expect(await receive(localClient(), await queueOf(10))).toHaveLength(10);
  expect(await receive(localClient(), await queueOf(10), { count: 3 })).toHaveLength(3);
});

test('a message stays in flight for as long as the queue says, or as asked for', async () => {
  const queueUrl = await queueOf(1);
  expect(await receive(localClient(), queueUrl, { visibilityTimeoutS: 0 })).toHaveLength(1);
  expect(await receive(localClient(), queueUrl)).toHaveLength(1);
  expect(await receive(localClient(), queueUrl)).toHaveLength(0);
});

test('it waits for a first message as long as asked for', async () => {
  const queueUrl = await queueOf(0);
  const receiving = receive(localClient(), queueUrl, { waitS: 20 });
  await localClient().send(new SendMessageCommand({ QueueUrl: queueUrl, MessageBody: 'late' }));
  expect((await receiving).map(({ Body }) => Body)).toEqual(['late']);
});

test('messages come with all attributes, SQS’s own included', async () => {
  const queueUrl = await createTestQueue();
  const attributes = { tenant: { DataType: 'String', StringValue: 't-1' } };
  await sendBatch(localClient(), queueUrl, [{ body: 'm', bytes: 1, attributes }]);
  expect(await receive(localClient(), queueUrl)).toMatchObject([
    {
      Body: 'm',
      MessageAttributes: attributes,
      Attributes: { ApproximateReceiveCount: '1', SentTimestamp: expect.any(String) },
    },
  ]);
});

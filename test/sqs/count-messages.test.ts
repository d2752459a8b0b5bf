import { SendMessageCommand } from '@aws-sdk/client-sqs';
import { countMessages } from '../../lib/sqs/count-messages.ts';
import { receive } from '../../lib/sqs/receive.ts';
import { createTestQueue, localClient } from './test-queue.ts';

test('visible, delayed and in-flight messages all count', async () => {
  const queueUrl = await createTestQueue();
  expect(await countMessages(localClient(), queueUrl)).toBe(0);
  for (const body of ['a', 'b']) {
    await localClient().send(new SendMessageCommand({ QueueUrl: queueUrl, MessageBody: body }));
  }
  expect(await receive(localClient(), queueUrl, { count: 1 })).toHaveLength(1);
  await localClient().send(new SendMessageCommand({ QueueUrl: queueUrl, MessageBody: 'c', DelaySeconds: 600 }));
  expect(await countMessages(localClient(), queueUrl)).toBe(3);
});

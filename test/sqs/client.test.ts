import { text } from 'node:stream/consumers';
import { GetQueueUrlCommand } from '@aws-sdk/client-sqs';
import { createSqsClient } from '../../lib/sqs/client.ts';
import { countMessages } from '../../lib/sqs/count-messages.ts';
import { startLoopbackServer } from '../../local/loopback-server.ts';
import { LOCAL_AWS } from '../../local/queues.ts';
import { sqsEndpoint } from '../support/lambda-harness.ts';
import { createTestQueue } from './test-queue.ts';

test('calls go to AWS_ENDPOINT_URL_SQS, whatever host the URL of the queue names', async () => {
  const queueUrl = await createTestQueue();
  Object.assign(process.env, LOCAL_AWS, { AWS_ENDPOINT_URL_SQS: sqsEndpoint() });
  const elsewhere = queueUrl.replace(sqsEndpoint(), 'http://192.0.2.1:9');
  expect(await countMessages(createSqsClient({ maxAttempts: 1 }), elsewhere)).toBe(0);
});

test('the options that are given reach the SDK', async () => {
  const calls: string[] = [];
  const server = await startLoopbackServer(0, async (request, response) => {
    calls.push(await text(request));
    response.writeHead(500).end();
  });
  Object.assign(process.env, LOCAL_AWS);
  const client = createSqsClient({ endpoint: server.url, maxAttempts: 1 });
  await expect(client.send(new GetQueueUrlCommand({ QueueName: 'q' }))).rejects.toMatchObject({
    $metadata: { httpStatusCode: 500, attempts: 1 },
  });
  await server.stop();
  expect(calls).toEqual(['{"QueueName":"q"}']);
});

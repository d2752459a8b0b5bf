import { createEventQueue, type EventQueue } from '../../../lib/ingest/events/event-queue.ts';
import { receive } from '../../../lib/sqs/receive.ts';
import { startLoopbackServer, type LoopbackServer } from '../../../local/loopback-server.ts';
import { LOCAL_AWS } from '../../../local/queues.ts';
import { createTestQueue, localClient } from '../../sqs/test-queue.ts';
import { sqsEndpoint } from '../../support/lambda-harness.ts';

function queueAt(endpoint: string, queueUrl: string): EventQueue {
  Object.assign(process.env, LOCAL_AWS, { AWS_ENDPOINT_URL_SQS: endpoint });
  return createEventQueue(queueUrl);
}

const MESSAGE = { body: 'one', bytes: 3 };

test('messages go into the queue', async () => {
  const queueUrl = await createTestQueue();
  const queue = queueAt(sqsEndpoint(), queueUrl);
  expect(await queue.sendBatch([MESSAGE], Date.now() + 60_000)).toEqual([{ kind: 'sent' }]);
  expect((await receive(localClient(), queueUrl)).map(({ Body }) => Body)).toEqual(['one']);
});

test('it knows whether the queue is a FIFO queue', () => {
  expect(['https://sqs/1/q', 'https://sqs/1/q.fifo'].map((url) => queueAt(sqsEndpoint(), url).isFifo)).toEqual([
    false,
    true,
  ]);
});

describe('a call that SQS never answers', () => {
  let silent: LoopbackServer;
  beforeAll(async () => {
    silent = await startLoopbackServer(0, () => undefined);
  });
  afterAll(() => silent.stop());

  test('ends at its deadline', async () => {
    const sending = queueAt(silent.url, `${silent.url}/1/q`).sendBatch([MESSAGE], Date.now() - 1);
    // Without the deadline this would not end.
    await expect(sending).rejects.toThrow(/abort/i);
  });
});

test('the SDK does not repeat a call that fails: the caller does, and knows what has arrived', async () => {
  let calls = 0;
  const server = await startLoopbackServer(0, (_, response) => {
    calls += 1;
    response.writeHead(500).end();
  });
  const sending = queueAt(server.url, `${server.url}/1/q`).sendBatch([MESSAGE], Date.now() + 60_000);
  await expect(sending).rejects.toMatchObject({ $metadata: { httpStatusCode: 500 } });
  await server.stop();
  expect(calls).toBe(1);
});

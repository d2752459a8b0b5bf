import { createQueues, type Queues } from '../../lib/forwarding/queues.ts';
import { countMessages } from '../../lib/sqs/count-messages.ts';
import { receive } from '../../lib/sqs/receive.ts';
import { startLoopbackServer, type LoopbackServer } from '../../local/loopback-server.ts';
import { LOCAL_AWS } from '../../local/queues.ts';
import { sqsEndpoint } from '../support/lambda-harness.ts';
import { createTestQueue, localClient } from '../sqs/test-queue.ts';

/** The queues of a function whose environment names this endpoint. */
function queuesAt(endpoint: string, queueUrl: string, deadLetterQueueUrl: string): Queues {
  Object.assign(process.env, LOCAL_AWS, { AWS_ENDPOINT_URL_SQS: endpoint });
  return createQueues({ queueUrl, deadLetterQueueUrl });
}

const later = (): number => Date.now() + 60_000;
const message = (body: string) => ({ body, bytes: body.length });

test('dead letters go to the dead-letter queue', async () => {
  const [queueUrl, deadLetterQueueUrl] = [await createTestQueue(), await createTestQueue()];
  const queues = queuesAt(sqsEndpoint(), queueUrl, deadLetterQueueUrl);
  expect(await queues.sendDeadLetters([message('one'), message('two')], later())).toEqual([
    { kind: 'sent' },
    { kind: 'sent' },
  ]);
  expect(await countMessages(localClient(), deadLetterQueueUrl)).toBe(2);
  expect(await countMessages(localClient(), queueUrl)).toBe(0);
});

test('visibility timeouts are changed in the queue of the events', async () => {
  const [queueUrl, deadLetterQueueUrl] = [await createTestQueue(), await createTestQueue()];
  const queues = queuesAt(sqsEndpoint(), queueUrl, deadLetterQueueUrl);
  // What stands in one queue is as good as in another: a message to receive.
  await queuesAt(sqsEndpoint(), deadLetterQueueUrl, queueUrl).sendDeadLetters([message('one')], later());
  const [received] = await receive(localClient(), queueUrl);
  const receiptHandle = received?.ReceiptHandle ?? '';
  expect(await receive(localClient(), queueUrl)).toEqual([]);
  expect(await queues.changeVisibility([{ receiptHandle, visibilityTimeoutS: 0 }], later())).toBe(0);
  expect(await receive(localClient(), queueUrl)).toHaveLength(1);
});

describe('a call that SQS never answers ends at its deadline', () => {
  let silent: LoopbackServer;
  beforeAll(async () => {
    silent = await startLoopbackServer(0, () => undefined);
  });
  afterAll(() => silent.stop());

  // Without the deadline these tests would not end.
  test.each<[string, (queues: Queues, deadline: number) => Promise<unknown>]>([
    ['sending dead letters', (queues, deadline) => queues.sendDeadLetters([message('one')], deadline)],
    [
      'changing visibility timeouts',
      (queues, deadline) => queues.changeVisibility([{ receiptHandle: 'h', visibilityTimeoutS: 1 }], deadline),
    ],
  ])('%s', async (_, call) => {
    const queues = queuesAt(silent.url, `${silent.url}/1/q`, `${silent.url}/1/d`);
    await expect(call(queues, Date.now() - 1)).rejects.toThrow(/abort/i);
  });
});

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import {
  ChangeMessageVisibilityBatchCommand,
  DeleteMessageBatchCommand,
  ReceiveMessageCommand,
  SendMessageBatchCommand,
} from '@aws-sdk/client-sqs';
import type { SQSRecord } from 'aws-lambda';
import { isObject, valueAt } from '../lib/json.ts';
import { toRecord } from '../local/lambda/event-source-mapping.ts';
import { createLambda } from '../local/lambda/lambda.ts';
import { failedRecords } from '../local/lambda/partial-batch-response.ts';
import { createLocalClient, drain, LOCAL_AWS } from '../local/queues.ts';
import { createRandom } from '../local/virtual/random.ts';

const ROOT = join(__dirname, '..');
const MESSAGES = 200;
const KILLS = 12;

/** Queue server and Heap simulator in a process of their own: what they hold survives whatever happens to the function. */
async function startServices() {
  const child = spawn(
    process.execPath,
    [
      join(ROOT, 'local', 'dev.ts'),
      '--no-forwarder',
      '--json',
      ...['queue', 'heap', 'front-door', 'view'].flatMap((name) => [`--${name}-port`, '0']),
    ],
    {
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  );
  const [line]: unknown[] = await once(createInterface({ input: child.stdout }), 'line');
  const addresses: unknown = JSON.parse(String(line));
  const text = (name: string): string => String(valueAt(addresses, [name]));
  return {
    child,
    sqsEndpoint: text('sqsEndpoint'),
    heapUrl: text('heapUrl'),
    queueUrl: text('queueUrl'),
    queueArn: text('queueArn'),
    deadLetterQueueUrl: text('deadLetterQueueUrl'),
  };
}

/** Every fifth message is a batch of three, of which the second can never be delivered. */
function bodyOf(index: number): string {
  const event = (part: number): object => ({
    type: 'track',
    event: 'A',
    userId: `u-${index}`,
    messageId: `m-${index}.${part}`,
    properties: {},
  });
  if (index % 5 !== 0) return JSON.stringify(event(0));
  return JSON.stringify({
    batch: [event(0), { type: 'track', userId: `u-${index}`, messageId: `bad-${index}` }, event(2)],
  });
}

test('the function is killed again and again: nothing is lost, and Heap counts nothing twice', async () => {
  const random = createRandom(20_261_123);
  const services = await startServices();
  const { queueUrl, deadLetterQueueUrl, heapUrl, sqsEndpoint } = services;
  const client = createLocalClient(sqsEndpoint);
  const lambda = createLambda({
    bundle: join(ROOT, 'dist', 'forward', 'forward.mjs'),
    timeoutMs: 60_000,
    onLog: () => undefined,
    environment: {
      ...LOCAL_AWS,
      AWS_ENDPOINT_URL_SQS: sqsEndpoint,
      DESTINATION_CONFIG: '{"appId":"11"}',
      QUEUE_URL: queueUrl,
      DEAD_LETTER_QUEUE_URL: deadLetterQueueUrl,
      HEAP_BASE_URL: heapUrl,
    },
  });
  const slow = { method: 'POST', body: JSON.stringify({ delayMs: 40, times: 1000 }) };
  await fetch(`${heapUrl}/simulator/faults`, slow);

  for (let sent = 0; sent < MESSAGES; sent += 10) {
    const Entries = Array.from({ length: 10 }, (_, index) => ({
      Id: String(index),
      MessageBody: bodyOf(sent + index),
    }));
    await client.send(new SendMessageBatchCommand({ QueueUrl: queueUrl, Entries }));
  }

  /** What Lambda's poller would do when the visibility timeout is over. */
  async function giveBack(records: readonly SQSRecord[]): Promise<void> {
    for (const { receiptHandle } of records) {
      const Entries = [{ Id: '0', ReceiptHandle: receiptHandle, VisibilityTimeout: 0 }];
      await client.send(new ChangeMessageVisibilityBatchCommand({ QueueUrl: queueUrl, Entries }));
    }
  }

  async function receive(): Promise<SQSRecord[]> {
    const { Messages = [] } = await client.send(
      new ReceiveMessageCommand({
        QueueUrl: queueUrl,
        MaxNumberOfMessages: 10,
        MessageSystemAttributeNames: ['All'],
      }),
    );
    return Messages.map((message) => toRecord(message, services.queueArn));
  }

  let kills = 0;
  for (;;) {
    const records = await receive();
    if (records.length === 0) break;
    const timer = kills < KILLS ? setTimeout(() => lambda.kill(), random() * 250) : undefined;
    const answer = await lambda.invoke({ Records: records });
    clearTimeout(timer);
    if (answer.kind === 'error') {
      kills += 1;
      // It was killed before it could answer, so SQS gives everything again.
      await giveBack(records);
      continue;
    }
    const failed = failedRecords(answer, records);
    await giveBack(records.filter(({ messageId }) => failed.has(messageId)));
    for (const { messageId, receiptHandle } of records) {
      if (failed.has(messageId)) continue;
      await client.send(
        new DeleteMessageBatchCommand({ QueueUrl: queueUrl, Entries: [{ Id: '0', ReceiptHandle: receiptHandle }] }),
      );
    }
  }

  const contents: unknown = await (await fetch(`${heapUrl}/simulator/contents`)).json();
  const events = isObject(contents) && Array.isArray(contents['events']) ? contents['events'] : [];
  const letters = await drain(client, deadLetterQueueUrl);
  await lambda.stop();
  client.destroy();
  services.child.kill();

  const all = Array.from({ length: MESSAGES }, (_, index) => index);
  const expected = all.flatMap((index) => (index % 5 === 0 ? [`m-${index}.0`, `m-${index}.2`] : [`m-${index}.0`]));
  const keys = events.map((event: unknown) => valueAt(event, ['idempotency_key']));
  expect(kills).toBeGreaterThanOrEqual(KILLS / 3);
  expect(keys.toSorted()).toEqual(expected.toSorted());
  // A process that dies between a letter and its answer writes the letter again: each is there, some may be there twice.
  const lettered = new Set(letters.map(({ Body = '' }) => valueAt(JSON.parse(Body), ['messageId'])));
  expect([...lettered].toSorted()).toEqual(
    all
      .filter((index) => index % 5 === 0)
      .map((index) => `bad-${index}`)
      .toSorted(),
  );
}, 60_000);

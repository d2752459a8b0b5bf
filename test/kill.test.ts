import { join } from 'node:path';
import {
  ChangeMessageVisibilityBatchCommand,
  DeleteMessageBatchCommand,
  ReceiveMessageCommand,
  SendMessageBatchCommand,
} from '@aws-sdk/client-sqs';
import type { SQSRecord } from 'aws-lambda';
import { isObject, valueAt } from '../lib/json.ts';
import { toRecord } from '../local/lambda/event-source-mapping.ts';
import { createLambda, LONGEST_TIMEOUT_MS } from '../local/lambda/lambda.ts';
import { failedRecords } from '../local/lambda/partial-batch-response.ts';
import { createLocalClient, drain, LOCAL_AWS } from '../local/queues.ts';
import { startDev } from './support/dev-process.ts';
import { startProxy } from './support/proxy.ts';
import { createRandom } from '../local/virtual/random.ts';
import { messageIdIn } from './support/idempotency-keys.ts';

const ROOT = join(__dirname, '..');
const MESSAGES = 200;
const KILLS = 12;

/**
 * Kills the function around its calls to Heap and SQS: before a call, so that the call does not arrive, or after it, so that
 * the answer does not.
 */
function createKiller(random: () => number, kill: () => void) {
  let momentsLeft = Number.POSITIVE_INFINITY;
  const isLast = (): boolean => {
    momentsLeft -= 1;
    if (momentsLeft === 0) kill();
    return momentsLeft === 0;
  };
  return {
    /** Chooses the next moment. A batch of ten makes from one call to three, with two moments each. */
    aim: () => void (momentsLeft = 1 + Math.floor(random() * 8)),
    startProxy: (target: string) =>
      startProxy(target, async (call, passOn) => {
        if (isLast()) return undefined;
        const answer = await passOn(call);
        return isLast() ? undefined : answer;
      }),
  };
}

/** Every fifth message is a batch of three events, of which the second has to be dead-lettered. */
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
  // Queue server and Heap simulator run in a process of their own, so that they survive the function.
  const services = await startDev('--no-forwarder');
  const [queueUrl, queueArn, deadLetterQueueUrl, heapUrl, sqsEndpoint] = [
    services.address('queueUrl'),
    services.address('queueArn'),
    services.address('deadLetterQueueUrl'),
    services.address('heapUrl'),
    services.address('sqsEndpoint'),
  ];
  const client = createLocalClient(sqsEndpoint);
  const killer = createKiller(createRandom(20_261_123), () => lambda.kill());
  const proxies = [await killer.startProxy(sqsEndpoint), await killer.startProxy(heapUrl)] as const;
  const lambda = createLambda({
    bundle: join(ROOT, 'dist', 'forward', 'forward.mjs'),
    timeoutMs: LONGEST_TIMEOUT_MS,
    onLog: () => undefined,
    environment: {
      ...LOCAL_AWS,
      AWS_ENDPOINT_URL_SQS: proxies[0].url,
      DESTINATION_CONFIG: '{"appId":"11"}',
      QUEUE_URL: queueUrl,
      DEAD_LETTER_QUEUE_URL: deadLetterQueueUrl,
      HEAP_BASE_URL: proxies[1].url,
    },
  });

  for (let sent = 0; sent < MESSAGES; sent += 10) {
    const Entries = Array.from({ length: 10 }, (_, index) => ({
      Id: String(index),
      MessageBody: bodyOf(sent + index),
    }));
    await client.send(new SendMessageBatchCommand({ QueueUrl: queueUrl, Entries }));
  }

  /** Makes the records visible again, as the end of the visibility timeout would. */
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
    return Messages.map((message) => toRecord(message, queueArn));
  }

  let deaths = 0;
  killer.aim();
  for (;;) {
    const records = await receive();
    if (records.length === 0) break;
    const answer = await lambda.invoke({ Records: records });
    if (answer.kind === 'error') {
      deaths += 1;
      if (deaths < KILLS) killer.aim();
      // The function was killed before it could answer, so all records return to the queue.
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
  const counts: unknown = await (await fetch(`${heapUrl}/simulator/counts`)).json();
  const events = isObject(contents) && Array.isArray(contents['events']) ? contents['events'] : [];
  const deadLetters = await drain(client, deadLetterQueueUrl);
  await lambda.stop();
  client.destroy();
  for (const proxy of proxies) await proxy.stop();
  await services.stop();

  const all = Array.from({ length: MESSAGES }, (_, index) => index);
  const expected = all.flatMap((index) => (index % 5 === 0 ? [`m-${index}.0`, `m-${index}.2`] : [`m-${index}.0`]));
  const keys = events.map((event: unknown) => messageIdIn(valueAt(event, ['idempotency_key'])));
  expect(deaths).toBe(KILLS);
  // Some invocations were killed after Heap had stored their events, which were then sent again.
  expect(valueAt(counts, ['duplicates'])).toBeGreaterThan(0);
  expect(keys.toSorted()).toEqual(expected.toSorted());
  // A process that is killed between a dead letter and SQS's answer writes it again, so some are there twice.
  const deadLettered = new Set(deadLetters.map(({ Body = '' }) => valueAt(JSON.parse(Body), ['messageId'])));
  expect([...deadLettered].toSorted()).toEqual(
    all
      .filter((index) => index % 5 === 0)
      .map((index) => `bad-${index}`)
      .toSorted(),
  );
});

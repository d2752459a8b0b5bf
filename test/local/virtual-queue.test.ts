import { randomUUID } from 'node:crypto';
import {
  ChangeMessageVisibilityCommand,
  CreateQueueCommand,
  DeleteMessageCommand,
  GetQueueAttributesCommand,
  ReceiveMessageCommand,
  SendMessageCommand,
  type Message,
} from '@aws-sdk/client-sqs';
import { createLocalClient } from '../../local/queues.ts';
import { sqsEndpoint } from '../support/lambda-harness.ts';
import { createVirtualQueue, type VirtualQueue } from '../../local/virtual/queue.ts';

/** What the chaos tests assume of their model of a queue, tested on the model and on a real SQS API. */
interface Queue {
  send(body: string): Promise<void>;
  receive(): Promise<readonly Received[]>;
  hide(received: Received | undefined, seconds: number): Promise<boolean>;
  remove(received: Received | undefined): Promise<void>;
  deadLetters(): Promise<readonly string[]>;
}

interface Received {
  readonly body: string;
  readonly receiveCount: number;
  readonly receiptHandle: string;
}

const MAX_RECEIVE_COUNT = 3;

function virtual(): Promise<Queue> {
  const queue = createVirtualQueue({
    now: () => 0,
    random: () => 0.5,
    isFifo: false,
    visibilityTimeoutS: 420,
    maxReceiveCount: MAX_RECEIVE_COUNT,
    retentionS: 3600,
  });
  return Promise.resolve({
    send: async (body) => queue.send(body),
    receive: async () =>
      queue.receive(10).map(({ body, receiptHandle, attributes }) => ({
        body,
        receiptHandle,
        receiveCount: Number(attributes.ApproximateReceiveCount),
      })),
    hide: async (received, seconds) => queue.changeVisibility(received?.receiptHandle ?? '', seconds),
    remove: async (received) => queue.remove(received?.receiptHandle ?? ''),
    deadLetters: async () => queue.moved,
  });
}

async function real(): Promise<Queue> {
  const client = createLocalClient(sqsEndpoint());
  const create = async (Attributes: Record<string, string>): Promise<string> => {
    const { QueueUrl = '' } = await client.send(new CreateQueueCommand({ QueueName: randomUUID(), Attributes }));
    return QueueUrl;
  };
  const deadLetterUrl = await create({});
  const { Attributes = {} } = await client.send(
    new GetQueueAttributesCommand({ QueueUrl: deadLetterUrl, AttributeNames: ['QueueArn'] }),
  );
  const RedrivePolicy = JSON.stringify({
    deadLetterTargetArn: Attributes['QueueArn'],
    maxReceiveCount: MAX_RECEIVE_COUNT,
  });
  const QueueUrl = await create({ VisibilityTimeout: '420', RedrivePolicy });
  const receiveFrom = async (url: string): Promise<Message[]> => {
    const { Messages = [] } = await client.send(
      new ReceiveMessageCommand({ QueueUrl: url, MaxNumberOfMessages: 10, MessageSystemAttributeNames: ['All'] }),
    );
    return Messages;
  };
  return {
    async send(body) {
      await client.send(new SendMessageCommand({ QueueUrl, MessageBody: body }));
    },
    async receive() {
      const messages = await receiveFrom(QueueUrl);
      return messages.map(({ Body = '', ReceiptHandle = '', Attributes: { ApproximateReceiveCount } = {} }) => ({
        body: Body,
        receiptHandle: ReceiptHandle,
        receiveCount: Number(ApproximateReceiveCount),
      }));
    },
    async hide(received, seconds) {
      try {
        await client.send(
          new ChangeMessageVisibilityCommand({
            QueueUrl,
            ReceiptHandle: received?.receiptHandle,
            VisibilityTimeout: seconds,
          }),
        );
        return true;
      } catch {
        return false;
      }
    },
    async remove(received) {
      await client.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle: received?.receiptHandle }));
    },
    deadLetters: async () => (await receiveFrom(deadLetterUrl)).map(({ Body = '' }) => Body),
  };
}

describe.each([
  ['the model', virtual],
  ['a real SQS API', real],
])('%s', (_, create) => {
  test('hides received messages, counts receives, and shows a message again when its visibility timeout is set to 0', async () => {
    const queue = await create();
    await queue.send('a');
    const [first] = await queue.receive();
    expect(first).toMatchObject({ body: 'a', receiveCount: 1 });
    expect(await queue.receive()).toEqual([]);
    expect(await queue.hide(first, 900)).toBe(true);
    expect(await queue.receive()).toEqual([]);
    expect(await queue.hide(first, 0)).toBe(true);
    expect(await queue.receive()).toMatchObject([{ body: 'a', receiveCount: 2 }]);
  });

  test('refuses a visibility timeout of more than twelve hours, and obeys one of eleven', async () => {
    const queue = await create();
    await queue.send('a');
    const [received] = await queue.receive();
    expect(await queue.hide(received, 12 * 60 * 60 + 1)).toBe(false);
    expect(await queue.hide(received, 11 * 60 * 60)).toBe(true);
  });

  test('keeps a message until it is removed', async () => {
    const queue = await create();
    await queue.send('a');
    await queue.send('b');
    const received = await queue.receive();
    await queue.remove(received.find(({ body }) => body === 'a'));
    const kept = received.find(({ body }) => body === 'b');
    await queue.hide(kept, 0);
    expect((await queue.receive()).map(({ body }) => body)).toEqual(['b']);
  });

  test('moves a message when it exceeds maxReceiveCount', async () => {
    const queue = await create();
    await queue.send('a');
    for (let receives = 1; receives <= MAX_RECEIVE_COUNT; receives += 1) {
      const [received] = await queue.receive();
      expect(received?.receiveCount).toBe(receives);
      await queue.hide(received, 0);
    }
    expect(await queue.receive()).toEqual([]);
    expect(await queue.deadLetters()).toEqual(['a']);
  });
});

/** The embedded server cannot be moved in time, so these hold for the model alone. */
describe('the model, later', () => {
  const HOUR_MS = 60 * 60 * 1000;
  const later = (): { readonly queue: VirtualQueue; readonly wait: (hours: number) => void } => {
    let now = 0;
    const queue = createVirtualQueue({
      now: () => now,
      random: () => 0.5,
      isFifo: false,
      visibilityTimeoutS: 420,
      maxReceiveCount: 1000,
      retentionS: 7 * 24 * 60 * 60,
    });
    return { queue, wait: (hours) => void (now += hours * HOUR_MS) };
  };

  test('counts the twelve hours from the receive, whatever the timeout was changed to in between', () => {
    const { queue, wait } = later();
    queue.send('a');
    const [received] = queue.receive(1);
    const handle = received?.receiptHandle ?? '';
    expect(queue.changeVisibility(handle, 5 * 60 * 60)).toBe(true);
    wait(4);
    expect(queue.changeVisibility(handle, 9 * 60 * 60)).toBe(false);
    expect(queue.changeVisibility(handle, 8 * 60 * 60)).toBe(true);
  });

  test('deletes a message at the end of its retention', () => {
    const { queue, wait } = later();
    queue.send('a');
    wait(7 * 24);
    expect(queue.receive(1)).toHaveLength(1);
    wait(1);
    expect(queue.receive(1)).toEqual([]);
    expect(queue.expired).toEqual(['a']);
    expect(queue.size()).toBe(0);
  });

  test('tells when a message was first received, and from when on it could be received last', () => {
    const { queue, wait } = later();
    wait(1);
    queue.send('a');
    const [received] = queue.receive(1);
    queue.changeVisibility(received?.receiptHandle ?? '', 60 * 60);
    wait(3);
    queue.receive(1);
    expect(queue.receipts.get(received?.messageId ?? '')).toEqual({
      firstReceivedAt: HOUR_MS,
      lastVisibleAt: 2 * HOUR_MS,
      receives: 2,
    });
  });

  test('gives nothing while 120,000 messages are in flight', () => {
    const { queue } = later();
    for (let index = 0; index <= 120_000; index += 1) queue.send('a');
    const received = queue.receive(120_000);
    expect(received).toHaveLength(120_000);
    expect(queue.receive(1)).toEqual([]);
    queue.remove(received[0]?.receiptHandle ?? '');
    expect(queue.receive(1)).toHaveLength(1);
  });
});

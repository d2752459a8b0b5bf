import { randomUUID } from 'node:crypto';
import {
  ChangeMessageVisibilityCommand,
  CreateQueueCommand,
  DeleteMessageCommand,
  GetQueueAttributesCommand,
  ReceiveMessageCommand,
  SendMessageCommand,
} from '@aws-sdk/client-sqs';
import fc from 'fast-check';
import { createLocalClient } from '../../local/queues.ts';
import { createVirtualQueue } from '../../local/virtual/queue.ts';
import { createQueue } from '../../simulation/model/sqs.ts';
import { sqsEndpoint } from '../support/lambda-harness.ts';

const MAX_RECEIVE_COUNT = 2;
const HOUR_MS = 60 * 60 * 1000;

/** A step of a script. Messages are named by their bodies, and a receipt by whether it is the last one of its message. */
type Step =
  | { readonly kind: 'send' }
  /** Receives until nothing comes any more. */
  | { readonly kind: 'receive' }
  | { readonly kind: 'hide'; readonly message: number; readonly receipt: 'last' | 'first'; readonly seconds: number }
  | { readonly kind: 'remove'; readonly message: number; readonly receipt: 'last' | 'first' };

/** A queue under test. `receive` gives at most ten messages, by body. */
interface Subject {
  send(body: string): Promise<void>;
  receive(): Promise<readonly { readonly body: string; readonly receiveCount: number; readonly receipt: string }[]>;
  hide(receipt: string, seconds: number): Promise<boolean>;
  remove(receipt: string): Promise<void>;
  moved(): Promise<readonly string[]>;
}

const MESSAGES = 2;
const reference = {
  message: fc.nat(MESSAGES - 1),
  receipt: fc.constantFrom('last' as const, 'last' as const, 'first' as const),
};
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('send' as const) }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('receive' as const) }) },
  // Only what ends at once or not during the test can be compared with a server whose clock is real.
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('hide' as const),
      seconds: fc.constantFrom(0, 0, 0, 3600, 43_201),
      ...reference,
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('remove' as const), ...reference }) },
);

/** Runs a script, and returns everything that can be observed. */
async function observe(queue: Subject, script: readonly Step[]): Promise<readonly unknown[]> {
  const receipts = new Map<string, string[]>();
  const seen: unknown[] = [];
  /** Visible again, and not received since. */
  const shown = new Set<number>();
  let sent = 0;
  const receiptOf = (message: number, which: 'last' | 'first'): string | undefined =>
    receipts.get(`message-${message}`)?.at(which === 'last' ? -1 : 0);
  for (const one of script) {
    if (one.kind === 'send') {
      await queue.send(`message-${sent % MESSAGES}`);
      sent += 1;
    } else if (one.kind === 'receive') {
      const all = [];
      for (let got = await queue.receive(); got.length > 0; got = await queue.receive()) all.push(...got);
      for (const { body, receipt } of all) receipts.set(body, [...(receipts.get(body) ?? []), receipt]);
      shown.clear();
      seen.push(all.map(({ body, receiveCount }) => `${body}: receive ${receiveCount}`).toSorted());
    } else {
      const receipt = receiptOf(one.message, one.receipt);
      if (receipt === undefined) continue;
      if (one.kind === 'hide') {
        const isHidden = await queue.hide(receipt, one.seconds);
        if (isHidden && one.seconds === 0) shown.add(one.message);
        seen.push(isHidden);
      } else if (!shown.has(one.message)) {
        // SQS does not promise what removing a visible message does, and the server and the models differ.
        await queue.remove(receipt);
      }
    }
  }
  return [...seen, (await queue.moved()).toSorted()];
}

function model(): Subject {
  const moved: string[] = [];
  const queue = createQueue<string>({
    now: () => 0,
    random: () => 0.5,
    visibilityTimeoutMs: 420_000,
    maxReceiveCount: MAX_RECEIVE_COUNT,
    retentionMs: HOUR_MS,
    onGivenUp: (body) => void moved.push(body),
  });
  return {
    send: async (body) => queue.send(body),
    receive: async () =>
      queue.receive(10).map(({ body, receiveCount, handle }) => ({ body, receiveCount, receipt: String(handle) })),
    hide: async (receipt, seconds) => queue.changeVisibility(Number(receipt), seconds * 1000),
    remove: async (receipt) => queue.remove(Number(receipt)),
    moved: async () => moved,
  };
}

function smallModel(): Subject {
  const queue = createVirtualQueue({
    now: () => 0,
    random: () => 0.5,
    isFifo: false,
    visibilityTimeoutS: 420,
    maxReceiveCount: MAX_RECEIVE_COUNT,
    retentionS: 3600,
  });
  return {
    send: async (body) => queue.send(body),
    receive: async () =>
      queue.receive(10).map(({ body, receiptHandle, attributes }) => ({
        body,
        receiveCount: Number(attributes.ApproximateReceiveCount),
        receipt: receiptHandle,
      })),
    hide: async (receipt, seconds) => queue.changeVisibility(receipt, seconds),
    remove: async (receipt) => queue.remove(receipt),
    moved: async () => queue.moved,
  };
}

const client = createLocalClient(sqsEndpoint());
afterAll(() => client.destroy());

async function server(): Promise<Subject> {
  const create = async (Attributes: Record<string, string>): Promise<string> => {
    const { QueueUrl = '' } = await client.send(new CreateQueueCommand({ QueueName: randomUUID(), Attributes }));
    return QueueUrl;
  };
  const deadLetterUrl = await create({});
  const { Attributes = {} } = await client.send(
    new GetQueueAttributesCommand({ QueueUrl: deadLetterUrl, AttributeNames: ['QueueArn'] }),
  );
  const redrive = { deadLetterTargetArn: Attributes['QueueArn'], maxReceiveCount: MAX_RECEIVE_COUNT };
  const QueueUrl = await create({ VisibilityTimeout: '420', RedrivePolicy: JSON.stringify(redrive) });
  const receiveFrom = async (url: string): ReturnType<Subject['receive']> => {
    const { Messages = [] } = await client.send(
      new ReceiveMessageCommand({ QueueUrl: url, MaxNumberOfMessages: 10, MessageSystemAttributeNames: ['All'] }),
    );
    return Messages.map(({ Body = '', ReceiptHandle = '', Attributes: { ApproximateReceiveCount } = {} }) => ({
      body: Body,
      receiveCount: Number(ApproximateReceiveCount),
      receipt: ReceiptHandle,
    }));
  };
  return {
    async send(MessageBody) {
      await client.send(new SendMessageCommand({ QueueUrl, MessageBody }));
    },
    receive: async () => await receiveFrom(QueueUrl),
    async hide(ReceiptHandle, VisibilityTimeout) {
      const command = new ChangeMessageVisibilityCommand({ QueueUrl, ReceiptHandle, VisibilityTimeout });
      return await client.send(command).then(
        () => true,
        () => false,
      );
    },
    async remove(ReceiptHandle) {
      await client.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle }));
    },
    async moved() {
      const all = [];
      for (let got = await receiveFrom(deadLetterUrl); got.length > 0; got = await receiveFrom(deadLetterUrl))
        all.push(...got);
      return all.map(({ body }) => body);
    },
  };
}

const script = fc.array(step, { minLength: 4, maxLength: 24 });

test('the model and a real SQS API show the same in every script', async () => {
  await fc.assert(
    fc.asyncProperty(script, async (steps) => {
      expect(await observe(model(), steps)).toEqual(await observe(await server(), steps));
    }),
    { numRuns: 15 },
  );
});

test('the model and that for small queues show the same in every script', async () => {
  await fc.assert(
    fc.asyncProperty(script, async (steps) => {
      expect(await observe(model(), steps)).toEqual(await observe(smallModel(), steps));
    }),
    { numRuns: 300 },
  );
});

/** The server's clock cannot be moved, so these hold for the model alone. */
describe('the model, later', () => {
  const later = () => {
    let now = 0;
    const givenUp: string[] = [];
    const queue = createQueue<string>({
      now: () => now,
      random: () => 0.5,
      visibilityTimeoutMs: 420_000,
      maxReceiveCount: 1000,
      retentionMs: 7 * 24 * HOUR_MS,
      onGivenUp: (body) => void givenUp.push(body),
    });
    return { queue, givenUp, wait: (ms: number) => void (now += ms) };
  };

  test('shows a message again when its visibility timeout is over, the last one that was set', () => {
    const { queue, wait } = later();
    queue.send('a');
    const [received] = queue.receive(1);
    const handle = received?.handle ?? 0;
    queue.changeVisibility(handle, 30_000);
    queue.changeVisibility(handle, 900_000);
    wait(899_999);
    expect(queue.visible()).toBe(0);
    wait(1);
    expect(queue.visible()).toBe(1);
    expect(queue.receive(1)).toMatchObject([{ body: 'a', receiveCount: 2, sentAt: 0, firstReceivedAt: 0 }]);
  });

  test('counts twelve hours from the receive, whatever the timeout was changed to in between', () => {
    const { queue, wait } = later();
    queue.send('a');
    const handle = queue.receive(1)[0]?.handle ?? 0;
    expect(queue.changeVisibility(handle, 5 * HOUR_MS)).toBe(true);
    wait(4 * HOUR_MS);
    expect(queue.changeVisibility(handle, 9 * HOUR_MS)).toBe(false);
    expect(queue.changeVisibility(handle, 8 * HOUR_MS)).toBe(true);
  });

  test('gives a message up at the end of its retention', () => {
    const { queue, givenUp, wait } = later();
    queue.send('a');
    wait(7 * 24 * HOUR_MS + 1);
    expect(queue.receive(1)).toEqual([]);
    expect(givenUp).toEqual(['a']);
    expect(queue.size()).toBe(0);
  });

  test('gives nothing while 120,000 messages are in flight', () => {
    const { queue } = later();
    for (let index = 0; index <= 120_000; index += 1) queue.send('a');
    const received = queue.receive(120_001);
    expect(received).toHaveLength(120_000);
    expect(queue.receive(1)).toEqual([]);
    queue.remove(received[0]?.handle ?? 0);
    expect(queue.receive(1)).toHaveLength(1);
  });
});

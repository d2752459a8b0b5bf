import { randomUUID } from 'node:crypto';
import { CreateQueueCommand, SendMessageBatchCommand, type SQSClient } from '@aws-sdk/client-sqs';
import type { Connection } from '../../cli/connection.ts';
import { exportDeadLetters } from '../../cli/dead-letters/export.ts';
import { listDeadLetters } from '../../cli/dead-letters/list.ts';
import { redriveDeadLetters } from '../../cli/dead-letters/redrive.ts';
import { showDeadLetter } from '../../cli/dead-letters/show.ts';
import type { VisitOptions } from '../../cli/dead-letters/visit.ts';
import { countMessages, readQueueState } from '../../lib/sqs/count-messages.ts';
import { receive } from '../../lib/sqs/receive.ts';
import type { LoopbackServer } from '../../local/loopback-server.ts';
import { createLocalClient } from '../../local/queues.ts';
import { sqsEndpoint } from '../support/lambda-harness.ts';
import { startFifoServer } from '../support/fifo-server.ts';
import { startProxy } from '../support/proxy.ts';
import { startQueueWithoutWaiting } from '../support/queue-without-waiting.ts';
import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** The commands in this process, with a clock and a timer of the test, against a real SQS API. */
const NOW = Date.parse('2100-01-01T00:00:00Z');
let server: LoopbackServer;
let client: SQSClient;
beforeAll(async () => {
  server = await startQueueWithoutWaiting(sqsEndpoint());
  client = createLocalClient(server.url);
});
afterAll(async () => {
  client.destroy();
  await server.stop();
});

async function createQueue(suffix: '' | '.fifo', attributes: Record<string, string> = {}): Promise<string> {
  const fifo = suffix === '' ? {} : { FifoQueue: 'true' };
  const Attributes = { ...fifo, VisibilityTimeout: '300', ...attributes };
  const { QueueUrl = '' } = await client.send(
    new CreateQueueCommand({ QueueName: `${randomUUID()}${suffix}`, Attributes }),
  );
  return QueueUrl.replace(/^https?:\/\/[^/]+/, server.url);
}

const bodyOf = (index: number): string => JSON.stringify({ type: 'track', event: 'A', messageId: `m-${index}` });

/** Every third one has another reason. */
async function fill(url: string, count: number, groupOf?: (index: number) => string): Promise<void> {
  for (let from = 0; from < count; from += 10) {
    const indexes = Array.from({ length: Math.min(10, count - from) }, (_, index) => from + index);
    const Entries = indexes.map((index) => ({
      Id: String(index),
      MessageBody: bodyOf(index),
      MessageAttributes: {
        reason: { DataType: 'String', StringValue: index % 3 === 0 ? 'missing_event' : 'heap_refused' },
      },
      ...(groupOf && { MessageGroupId: groupOf(index), MessageDeduplicationId: String(index) }),
    }));
    await client.send(new SendMessageBatchCommand({ QueueUrl: url, Entries }));
  }
}

function options(changes: Partial<VisitOptions> = {}): VisitOptions {
  const clock = { now: () => NOW, sleep: () => Promise.resolve() };
  return {
    visibilityTimeoutS: 120,
    signal: new AbortController().signal,
    clock,
    repeat: () => () => undefined,
    ...changes,
  };
}

const redrive = { isDryRun: false, rate: undefined, maxRedrives: 3, onProgress: () => undefined };

async function connectionTo(suffix: '' | '.fifo') {
  return { client, queueUrl: await createQueue(suffix), deadLetterQueueUrl: await createQueue(suffix) };
}

test('what another reader holds is counted, with the time at which it is visible again at the latest', async () => {
  const connection = await connectionTo('');
  await fill(connection.deadLetterQueueUrl, 60);
  const [held] = [await receive(client, connection.deadLetterQueueUrl, { waitS: 1 })];
  const list = await listDeadLetters(connection, {}, 5, options());
  expect(list).toMatchObject({
    count: 50,
    isComplete: false,
    unseen: {
      count: held.length,
      heldByOthers: 10,
      delayed: 0,
      notDelivered: 0,
      // The queue's own visibility timeout is the longer one.
      visibleAgainBy: '2100-01-01T00:05:00.000Z',
    },
  });
  expect(await showDeadLetter(connection, 'm-0', { name: 'a.json', config: {} }, options())).toMatchObject({
    kind: 'not_found',
    isComplete: false,
  });
});

test('delayed dead letters are counted as such', async () => {
  const connection = {
    ...(await connectionTo('')),
    deadLetterQueueUrl: await createQueue('', { DelaySeconds: '900' }),
  };
  await fill(connection.deadLetterQueueUrl, 3);
  const { count, unseen } = await listDeadLetters(connection, {}, 5, options());
  expect([count, unseen]).toMatchObject([0, { count: 3, heldByOthers: 0, delayed: 3, notDelivered: 0 }]);
});

test('two lists at once: together with what it could not see, each says how many there are', async () => {
  const connection = await connectionTo('');
  await fill(connection.deadLetterQueueUrl, 200);
  const lists = await Promise.all([1, 2].map(() => listDeadLetters(connection, {}, 5, options())));
  expect(lists.map(({ count, unseen }) => count + (unseen?.count ?? 0))).toEqual([200, 200]);
  for (const { count, isComplete } of lists) expect(isComplete).toBe(count === 200);
});

test('messages that SQS counts and delivers only later are waited for', async () => {
  const connection = await connectionTo('');
  await fill(connection.deadLetterQueueUrl, 20);
  let receives = 0;
  await using slow = await startProxy(server.url, async (call, passOn) => {
    if (call.action === 'ReceiveMessage') receives += 1;
    const isHeldBack = call.action === 'ReceiveMessage' && receives > 1 && receives < 24;
    return await passOn(isHeldBack ? { ...call, body: Buffer.from(withoutWait(call.body)) } : call);
  });
  const throughSlow = createLocalClient(slow.url);
  const list = await listDeadLetters({ ...connection, client: throughSlow }, {}, 5, options());
  throughSlow.destroy();
  expect(list).toMatchObject({ count: 20, isComplete: true });
});

/** The proxy behind it answers short polls with nothing. */
function withoutWait(body: Buffer): string {
  return JSON.stringify({ ...Object(JSON.parse(body.toString())), WaitTimeSeconds: 0 });
}

test('holds are extended while it works, so that nobody else gets what it has seen', async () => {
  const connection = await connectionTo('');
  await fill(connection.deadLetterQueueUrl, 30);
  const works: (() => void)[] = [];
  const extended: number[] = [];
  await using watching = await startProxy(server.url, async (call, passOn) => {
    if (call.action === 'ChangeMessageVisibilityBatch') {
      const { Entries = [] } = Object(JSON.parse(call.body.toString()));
      for (const { VisibilityTimeout } of Entries) extended.push(VisibilityTimeout);
    }
    // In the middle of the work, each time a message is looked for.
    if (call.action === 'GetQueueAttributes') works.forEach((work) => work());
    return await passOn(call);
  });
  const watched = createLocalClient(watching.url);
  const repeat = (work: () => void, everyMs: number) => {
    expect(everyMs).toBe(40_000);
    works.push(work);
    return () => void works.splice(0);
  };
  await listDeadLetters({ ...connection, client: watched }, {}, 5, options({ repeat }));
  watched.destroy();
  expect(extended.filter((timeout) => timeout === 120).length).toBeGreaterThanOrEqual(30);
  // The last change of each message makes it visible.
  expect(extended.slice(-30)).toEqual(Array.from({ length: 30 }, () => 0));
  expect(await readQueueState(client, connection.deadLetterQueueUrl)).toMatchObject({ visible: 30, notVisible: 0 });
});

describe('a FIFO queue with 40 dead letters of one group', () => {
  const inGroups = (groupOf: (index: number) => string, every = 1) =>
    Array.from({ length: 40 }, (_, index) => ({
      id: `m-${index}`,
      group: groupOf(index),
      body: bodyOf(index),
      reason: index % every === 0 ? 'missing_event' : 'heap_refused',
    }));

  async function withFifo(
    messages: Parameters<typeof startFifoServer>[0],
    work: (connection: Connection) => Promise<void>,
  ): Promise<void> {
    await using fifo = await startFifoServer(messages);
    const own = createLocalClient(fifo.url);
    const [queueUrl, deadLetterQueueUrl] = [`${fifo.url}/1/events.fifo`, `${fifo.url}/1/dead.fifo`];
    await work({ client: own, queueUrl, deadLetterQueueUrl });
    own.destroy();
  }

  test('a redrive sends all of them', async () => {
    await withFifo(
      inGroups(() => 'g'),
      async (connection) => {
        const result = await redriveDeadLetters(connection, { ...options(), ...redrive, selection: {} });
        expect(result).toMatchObject({ sent: 40, isComplete: true, left: 0 });
      },
    );
  });

  test('a redrive gets past those that it leaves', async () => {
    await withFifo(
      inGroups(() => 'g', 8),
      async (connection) => {
        const selection = { reason: 'heap_refused' };
        const result = await redriveDeadLetters(connection, { ...options(), ...redrive, selection });
        expect(result).toMatchObject({ sent: 35, notSelected: 5, isComplete: true, left: 5 });
      },
    );
  });

  test('a list sees ten and says so, and an export with --remove moves all of them', async () => {
    await withFifo(
      inGroups(() => 'g'),
      async (connection) => {
        const { deadLetterQueueUrl } = connection;
        expect(await listDeadLetters(connection, {}, 5, options())).toMatchObject({
          count: 10,
          isComplete: false,
          unseen: { count: 30, heldByOthers: 0, notDelivered: 30 },
        });
        expect(await readQueueState(connection.client, deadLetterQueueUrl)).toMatchObject({ visible: 40 });
        const file = join(mkdtempSync(join(tmpdir(), 'visit-')), 'dead-letters.ndjson');
        const exporting = { selection: {}, file, removes: true, onProgress: () => undefined };
        const exported = await exportDeadLetters(connection, { ...options(), ...exporting });
        expect(exported).toMatchObject({ exported: 40, isComplete: true });
        expect(readFileSync(file, 'utf8').trim().split('\n')).toHaveLength(40);
        expect(await countMessages(connection.client, deadLetterQueueUrl)).toBe(0);
      },
    );
  });

  test('many groups are seen as a whole', async () => {
    await withFifo(
      inGroups((index) => `g-${index % 8}`),
      async (connection) => {
        expect(await listDeadLetters(connection, {}, 5, options())).toMatchObject({ count: 40, isComplete: true });
      },
    );
  });

  test('the embedded server delivers one of a group: a list says that it has not seen the others', async () => {
    const connection = await connectionTo('.fifo');
    await fill(connection.deadLetterQueueUrl, 40, () => 'g');
    const { count, unseen } = await listDeadLetters(connection, {}, 5, options());
    expect([count, unseen?.count]).toEqual([1, 39]);
    const result = await redriveDeadLetters(connection, { ...options(), ...redrive, selection: {} });
    expect(result).toMatchObject({ sent: 40, isComplete: true, left: 0 });
  });
});

test('what fails anew during a redrive is counted apart, and the numbers add up to what was there', async () => {
  const connection = await connectionTo('');
  await fill(connection.deadLetterQueueUrl, 90);
  let sent = 0;
  await using failing = await startProxy(server.url, async (call, passOn) => {
    const answer = await passOn(call);
    // The function rejects the first batch at once.
    if (call.action === 'SendMessageBatch' && sent++ === 0) await deadLetterAgain(connection.deadLetterQueueUrl);
    return answer;
  });
  const throughFailing = createLocalClient(failing.url);
  const before = { now: () => Date.now(), sleep: () => Promise.resolve() };
  const result = await redriveDeadLetters(
    { ...connection, client: throughFailing },
    { ...options({ clock: before }), ...redrive, selection: { reason: 'missing_event' } },
  );
  throughFailing.destroy();
  expect(result).toMatchObject({ sent: 30, notSelected: 60, failedAnew: 4, isComplete: true, left: 64 });
});

async function deadLetterAgain(url: string): Promise<void> {
  const failedAt = { DataType: 'String', StringValue: '2999-01-01T00:00:00Z' };
  const Entries = [0, 1, 2, 3].map((index) => ({
    Id: String(index),
    MessageBody: bodyOf(index),
    MessageAttributes: { reason: { DataType: 'String', StringValue: 'missing_event' }, failedAt },
  }));
  await client.send(new SendMessageBatchCommand({ QueueUrl: url, Entries }));
}

test('an interrupted redrive says how many it has not reached', async () => {
  const connection = await connectionTo('');
  await fill(connection.deadLetterQueueUrl, 90);
  const interrupting = new AbortController();
  const onProgress = ({ sent }: { readonly sent: number }) => void (sent >= 20 && interrupting.abort());
  const result = await redriveDeadLetters(connection, {
    ...options({ signal: interrupting.signal }),
    ...redrive,
    onProgress,
    selection: {},
  });
  expect(result).toMatchObject({ isComplete: false, isInterrupted: true, left: 90 - result.sent });
  expect(result.sent + result.notReached).toBe(40);
  // All are visible again.
  expect(await readQueueState(client, connection.deadLetterQueueUrl)).toMatchObject({ visible: result.left });
});

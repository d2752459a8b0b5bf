import { createHash, randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  ChangeMessageVisibilityCommand,
  SendMessageBatchCommand,
  SendMessageCommand,
  type Message,
} from '@aws-sdk/client-sqs';
import { toDeadLetters } from '../../lib/ingest/events/dead-letters.ts';
import { countMessages } from '../../lib/sqs/count-messages.ts';
import { sendBatch } from '../../lib/sqs/send-batch.ts';
import { visitDeadLetters } from '../../cli/dead-letters/visit.ts';
import { isArray, valueAt } from '../../lib/json.ts';
import { startLoopbackServer, type LoopbackServer } from '../../local/loopback-server.ts';
import { createLocalClient, drain } from '../../local/queues.ts';
import { startCloudFormation } from '../support/cloud-formation.ts';
import { environmentFor, heapq, startHeapq } from '../support/heapq.ts';
import { attributesOf, sqsEndpoint, startHarness, type Harness } from '../support/lambda-harness.ts';
import { startProxy } from '../support/proxy.ts';
import { startQueueWithoutWaiting } from '../support/queue-without-waiting.ts';
import { startUnreliableProxy } from '../support/unreliable-proxy.ts';

/** The command, in a process of its own, against the queues of a real SQS API, with dead letters from the built function. */
let harness: Harness;
let queue: LoopbackServer;
beforeAll(async () => {
  queue = await startQueueWithoutWaiting(sqsEndpoint());
});
afterAll(() => queue.stop());
beforeEach(async () => {
  harness = await startHarness();
});
afterEach(() => harness.stop());

const nameless = (id: string) => ({ type: 'track', userId: 'u', messageId: id });
const homeless = (id: string) => ({ type: 'track', event: 'Signed Up', messageId: id });

async function deadLetter(...events: readonly object[]): Promise<void> {
  for (const event of events) await harness.send(JSON.stringify(event));
  await harness.invokeOnce();
}

/** The environment in which the command finds the queues of the test. */
const environment = (endpoint = queue.url): NodeJS.ProcessEnv => ({
  ...environmentFor(harness.queues),
  AWS_ENDPOINT_URL_SQS: endpoint,
});

async function run(...args: readonly string[]) {
  const { code, out, error } = await heapq(['dead-letters', ...args], environment());
  return { code, error, out, json: (): Record<string, unknown> => Object(JSON.parse(out)) };
}

const inQueue = (): Promise<readonly Message[]> => drain(harness.client, harness.queues.queueUrl);
const idOf = ({ Body = '' }: Message): unknown => Object(JSON.parse(Body))['messageId'];

/** Sends many dead letters directly to the dead-letter queue. */
async function manyDeadLetters(count: number): Promise<void> {
  for (let from = 0; from < count; from += 10) {
    const Entries = Array.from({ length: 10 }, (_, index) => ({
      Id: String(index),
      MessageBody: JSON.stringify(nameless(`m-${from + index}`)),
      MessageAttributes: { reason: { DataType: 'String', StringValue: 'heap_refused' } },
    }));
    const QueueUrl = harness.queues.deadLetterQueueUrl;
    await harness.client.send(new SendMessageBatchCommand({ QueueUrl, Entries }));
  }
}

describe('list', () => {
  test('counts by reason, shows examples, and removes nothing', async () => {
    await deadLetter(nameless('m-1'), nameless('m-2'), homeless('m-3'));
    for (let look = 0; look < 2; look += 1) {
      const { code, json } = await run('list', '--json', '--limit', '2');
      expect(code).toBe(0);
      expect(json()).toMatchObject({
        count: 3,
        reasons: [
          {
            reason: 'missing_event',
            count: 2,
            oldest: expect.stringMatching(/Z$/),
            newest: expect.stringMatching(/Z$/),
          },
          { reason: 'missing_identity', count: 1 },
        ],
      });
      expect(json()['examples']).toHaveLength(2);
    }
    expect(await harness.deadLetters()).toHaveLength(3);
  });

  test('prints two tables for people', async () => {
    await deadLetter(homeless('m-1'));
    const { out } = await run('list');
    expect(out).toMatch(/^reason +count +oldest +newest\nmissing_identity +1 +\d{4}-/);
    expect(out).toMatch(/Signed Up +\S+Z +missing_identity: userId is required/);
    expect(out).toMatch(/dead-letters show [0-9a-f-]{36}$/m);
  });

  test.each([
    [['--reason', 'missing_identity'], 1],
    [['--event', 'Signed Up'], 1],
    [['--since', '1h'], 2],
    [['--before', '1h'], 0],
    [['--since', '2000-01-01', '--before', '2001-01-01'], 0],
  ])('%j are %i', async (options, count) => {
    await deadLetter(nameless('m-1'), homeless('m-2'));
    expect((await run('list', '--json', ...options)).json()).toMatchObject({ count });
  });

  test('an empty queue has none', async () => {
    expect(await run('list')).toMatchObject({ code: 0, out: 'No dead letters.\n' });
  });
});

describe('show', () => {
  test('shows the event, why it failed, and how it would be mapped now', async () => {
    await deadLetter(nameless('m-1'), homeless('m-2'));
    const { code, json } = await run('show', 'm-2', '--json');
    expect(code).toBe(0);
    expect(json()).toMatchObject({
      deadLetter: { reason: 'missing_identity', detail: 'userId is required', redrives: 0 },
      event: homeless('m-2'),
      today: { kind: 'rejected', reason: 'missing_identity' },
    });
    const { out } = await run('show', 'm-2');
    expect(out).toMatch(/reason +missing_identity/);
    expect(await harness.deadLetters()).toHaveLength(2);
  });

  test('runs the transformation, and says so', async () => {
    await deadLetter(homeless('m-2'));
    const file = join(mkdtempSync(join(tmpdir(), 'show-')), 'mine.js');
    writeFileSync(file, 'export const transformEvent = (event) => ({ ...event, userId: "u" });');
    const { json } = await run('show', 'm-2', '--transformation', file, '--json');
    expect(json()).toMatchObject({ transformation: file, today: { kind: 'deliver', transformed: { userId: 'u' } } });
    const { out } = await run('show', 'm-2', '--transformation', file);
    expect(out).toContain(`How it would be mapped now, transformed by ${file}, with the settings of`);
    expect(await harness.deadLetters()).toHaveLength(1);
  });

  test.each<[string, Readonly<Record<string, string>>, unknown]>([
    ['app id', { DestinationConfig: '', HeapAppId: '4711', HeapDataResidency: 'eu' }, { app_id: '4711' }],
    ['settings as JSON', { DestinationConfig: '{"appId":"12 & 3"}', HeapAppId: '1' }, { app_id: '12 & 3' }],
  ])('maps with the %s of the stack, and says so', async (_, parameters, body) => {
    const { queueUrl, deadLetterQueueUrl } = harness.queues;
    await using cloudFormation = await startCloudFormation({
      outputs: { QueueUrl: queueUrl, DeadLetterQueueUrl: deadLetterQueueUrl },
      parameters,
    });
    const named = { AWS_ENDPOINT_URL_CLOUDFORMATION: cloudFormation.url, DESTINATION_CONFIG: '{"appId":"unused"}' };
    // With a name it could be delivered.
    await harness.client.send(
      new SendMessageCommand({
        QueueUrl: deadLetterQueueUrl,
        MessageBody: JSON.stringify({ ...nameless('m-2'), event: 'Named' }),
        MessageAttributes: {
          reason: { DataType: 'String', StringValue: 'heap_refused' },
          eventMessageId: { DataType: 'String', StringValue: 'm-2' },
        },
      }),
    );
    const args = ['dead-letters', 'show', 'm-2', '--stack', 's'];
    const { out, error } = await heapq(args, { ...environment(), ...named });
    expect(error).toBe('');
    expect(out).toContain('How it would be mapped now, with the settings of the stack s:');
    const [, today = ''] = out.split('stack s:');
    expect(JSON.parse(today)).toMatchObject({ kind: 'deliver', body });
  });

  test('a dead letter that does not exist', async () => {
    expect(await run('show', 'm-9')).toMatchObject({
      code: 1,
      error: expect.stringMatching(/^There is no dead letter m-9/),
    });
  });
});

const handlesIn = (answer: string): string[] => {
  const messages = valueAt(JSON.parse(answer), ['Messages']);
  return isArray(messages) ? messages.map((message) => String(valueAt(message, ['ReceiptHandle']))) : [];
};

/** Ends the visibility timeouts of dead letters that were not deleted. */
async function makeVisible(handles: readonly string[]): Promise<void> {
  const QueueUrl = harness.queues.deadLetterQueueUrl;
  for (const ReceiptHandle of handles) {
    const change = new ChangeMessageVisibilityCommand({ QueueUrl, ReceiptHandle, VisibilityTimeout: 0 });
    await harness.client.send(change).catch(() => undefined);
  }
}

describe('redrive', () => {
  test('sends back the selected dead letters, without their failure, and leaves the others', async () => {
    await deadLetter(nameless('m-1'), homeless('m-2'), nameless('m-3'));
    const dry = await run('redrive', '--reason', 'missing_event', '--dry-run', '--json');
    expect(dry.json()).toMatchObject({ sent: 2, notSelected: 1, isComplete: true });
    expect(await inQueue()).toEqual([]);

    expect((await run('redrive', '--reason', 'missing_event', '--yes', '--json')).json()).toMatchObject({
      sent: 2,
      notSelected: 1,
    });
    const messages = await inQueue();
    expect(messages.map(idOf).toSorted()).toEqual(['m-1', 'm-3']);
    expect(messages.map(attributesOf)).toEqual([{ redrives: '1' }, { redrives: '1' }]);
    expect((await harness.deadLetters()).map(idOf)).toEqual(['m-2']);
  });

  test('an event that always fails is redriven only up to the limit', async () => {
    await deadLetter(nameless('m-1'));
    for (let redrives = 1; redrives <= 2; redrives += 1) {
      expect((await run('redrive', '--all', '--yes', '--json')).json()).toMatchObject({ sent: 1, overLimit: 0 });
      await harness.invokeOnce();
    }
    const last = await run('redrive', '--max-redrives', '2', '--all', '--yes');
    expect([last.code, last.out]).toEqual([1, expect.stringContaining('exceed the redrive limit of 2 and stay')]);
    expect((await harness.deadLetters()).map(attributesOf)).toMatchObject([{ reason: 'missing_event', redrives: '2' }]);
  });

  test.each([
    ['SIGINT', 130, /Interrupted/, 0],
    // The batch that was sent when the process was killed is in both queues, and is sent again.
    ['SIGKILL', undefined, /^$/, 10],
  ] as const)(
    '%s in the middle loses nothing, and a second run finishes',
    async (signal, exitCode, says, sentTwice) => {
      await manyDeadLetters(200);
      const handles: string[] = [];
      let batches = 0;
      await using interrupting = await startProxy(queue.url, async (call, passOn) => {
        if (call.action === 'SendMessageBatch') batches += 1;
        if (call.action === 'SendMessageBatch' && batches === 3) child.kill(signal);
        const answer = await passOn(call);
        if (call.action === 'ReceiveMessage') handles.push(...handlesIn(answer.body.toString()));
        return answer;
      });
      const { child, ended } = startHeapq(['dead-letters', 'redrive', '--all', '--yes'], environment(interrupting.url));
      const { code, out } = await ended;
      expect([code, out]).toEqual([exitCode, expect.stringMatching(says)]);
      // What was started was finished. The answer to a batch may reach the process in the same moment as SIGINT, and then it starts
      // one more.
      expect(signal === 'SIGINT' ? [3, 4] : [3]).toContain(batches);
      expect(await countMessages(harness.client, harness.queues.queueUrl)).toBe(10 * batches);

      // After SIGINT the dead letters are visible at once. After SIGKILL they become visible when their timeout ends.
      if (signal === 'SIGKILL') await makeVisible(handles);
      expect(await run('redrive', '--all', '--yes')).toMatchObject({ code: 0 });
      expect(await harness.deadLetters()).toEqual([]);
      const ids = (await inQueue()).map(idOf);
      expect([new Set(ids).size, ids.length]).toEqual([200, 200 + sentTwice]);
    },
  );
});

test('every dead letter is visited, even if the first ones are received again before the last one', async () => {
  // The embedded server keeps the order. SQS does not, so this server answers in an order that SQS may use.
  const receives = ['a', 'b', '', '', 'a', 'b', '', '', 'c', '', '', ''].values();
  await using disordered = await startLoopbackServer(0, (request, response) => {
    request.resume();
    const isReceive = String(request.headers['x-amz-target']).endsWith('.ReceiveMessage');
    const id = (isReceive && receives.next().value) || '';
    const MD5OfBody = createHash('md5').update('{}').digest('hex');
    const Messages = id === '' ? [] : [{ MessageId: id, ReceiptHandle: id, Body: '{}', MD5OfBody }];
    response.writeHead(200, { 'content-type': 'application/x-amz-json-1.0' }).end(JSON.stringify({ Messages }));
  });
  const client = createLocalClient(disordered.url);
  const visited: string[] = [];
  const visiting = { visibilityTimeoutS: 1, signal: new AbortController().signal };
  const isComplete = await visitDeadLetters(client, `${disordered.url}/1/dead-letters`, visiting, (deadLetters) => {
    visited.push(...deadLetters.map(({ id }) => id));
    return new Set();
  });
  client.destroy();
  expect([isComplete, visited]).toEqual([{ kind: 'complete' }, ['a', 'b', 'c']]);
});

test('attributes of the sender with the function’s own names get them back, and are kept when the event fails again', async () => {
  const own = {
    reason: { DataType: 'String', StringValue: 'signup' },
    tenant: { DataType: 'String', StringValue: 't' },
  };
  await harness.send(JSON.stringify(nameless('m-1')), own);
  for (const redrives of ['1', '2']) {
    await harness.invokeOnce();
    expect((await run('list', '--json')).json()).toMatchObject({ reasons: [{ reason: 'missing_event', count: 1 }] });
    await run('redrive', '--all', '--yes');
    const [message, ...others] = await inQueue();
    expect(others).toEqual([]);
    const { Body = '', MessageAttributes } = message ?? {};
    expect(message === undefined ? {} : attributesOf(message)).toEqual({ reason: 'signup', tenant: 't', redrives });
    await harness.send(Body, MessageAttributes);
  }
});

test('a message that SQS’s redrive policy has moved has no reason, whatever its sender calls one', async () => {
  const QueueUrl = harness.queues.deadLetterQueueUrl;
  const MessageAttributes = { reason: { DataType: 'String', StringValue: 'signup' } };
  await harness.client.send(
    new SendMessageCommand({ QueueUrl, MessageBody: JSON.stringify(nameless('m-1')), MessageAttributes }),
  );
  expect((await run('list', '--json')).json()).toMatchObject({ reasons: [{ reason: 'none', count: 1 }] });
  await run('redrive', '--all', '--yes');
  expect((await inQueue()).map(attributesOf)).toEqual([{ reason: 'signup', redrives: '1' }]);
});

test('what EventBridge and SNS could not send to the queue is redriven in its envelope, and delivered', async () => {
  const event = (id: string) => ({ type: 'track', event: 'Hi', userId: 'u', messageId: id });
  const QueueUrl = harness.queues.deadLetterQueueUrl;
  const bodies = [
    { version: '0', id: 'e', 'detail-type': 'rudderstack', source: 'rudderstack', detail: event('m-1') },
    { Type: 'Notification', MessageId: 'n', TopicArn: 't', Message: JSON.stringify(event('m-2')) },
  ].map((body) => JSON.stringify(body));
  const MessageAttributes = Object.fromEntries(
    ['RULE_ARN', 'TARGET_ARN', 'ERROR_CODE', 'ERROR_MESSAGE', 'EXHAUSTED_RETRY_CONDITION', 'RETRY_ATTEMPTS'].map(
      (name) => [name, { DataType: 'String', StringValue: 'x' }],
    ),
  );
  for (const MessageBody of bodies) {
    await harness.client.send(new SendMessageCommand({ QueueUrl, MessageBody, MessageAttributes }));
  }
  expect((await run('redrive', '--all', '--yes', '--json')).json()).toMatchObject({ sent: 2 });
  const moved = await inQueue();
  expect(moved.map(({ Body }) => Body).toSorted()).toEqual(bodies.toSorted());
  for (const { Body = '', MessageAttributes: own } of moved) await harness.send(Body, own);
  await harness.invokeOnce();
  expect(await harness.deadLetters()).toEqual([]);
  expect(harness.heapServer.heap.contents().events).toHaveLength(2);
});

test('a message with ten attributes of its own is redriven with them, without a count', async () => {
  const MessageAttributes = Object.fromEntries(
    Array.from({ length: 10 }, (_, index) => [`own${index}`, { DataType: 'String', StringValue: 'x' }]),
  );
  const QueueUrl = harness.queues.deadLetterQueueUrl;
  const MessageBody = JSON.stringify(nameless('m-1'));
  await harness.client.send(new SendMessageCommand({ QueueUrl, MessageBody, MessageAttributes }));
  expect((await run('redrive', '--all', '--yes', '--json')).json()).toMatchObject({ sent: 1 });
  expect((await inQueue()).map((message) => Object.keys(attributesOf(message)))).toEqual([
    Object.keys(MessageAttributes),
  ]);
});

test('a redrive deletes no letter that the queue has not taken', async () => {
  await deadLetter(...Array.from({ length: 10 }, (_, index) => nameless(`m-${index}`)));
  await using network = await startUnreliableProxy(queue.url);
  network.failNext(['half', 'half', 'half', 'half', 'half', 'half', 'half', 'half', 'half', 'half']);
  const { code, out } = await heapq(['dead-letters', 'redrive', '--all', '--yes', '--json'], environment(network.url));
  const { sent, failed } = Object(JSON.parse(out));
  expect([code, sent + failed]).toEqual([1, 10]);
  expect(failed).toBeGreaterThan(0);
  const [moved, left] = [await inQueue(), await harness.deadLetters()];
  expect([moved.length, left.length]).toEqual([sent, failed]);
  expect(new Set([...moved, ...left].map(idOf)).size).toBe(10);
});

const file = (): string => join(mkdtempSync(join(tmpdir(), 'heapq-')), 'dead-letters.ndjson');

describe('an event of the HTTP endpoint that is too large for one message', () => {
  const text = `{"messageId":"m-big", "blob":"${randomBytes(1_100_000).toString('base64')}"}`;
  beforeEach(async () => {
    const part = { index: 1, text: () => text, characters: text.length };
    const element = { kind: 'rejected', reason: 'too_large', detail: 'why', eventMessageId: 'm-big', ...part } as const;
    const origin = { source: 'web', text: () => '', failedAt: Date.now(), isFifo: false };
    for (const piece of toDeadLetters({ first: [element], count: 1, of: 2 }, origin)) {
      await sendBatch(harness.client, harness.queues.deadLetterQueueUrl, [piece]);
    }
    await deadLetter(nameless('m-1'));
  });

  test('is in several pieces, which a redrive leaves, and an export joins', async () => {
    expect((await run('list')).out).toMatch(/too_large \(piece [12] of 2\): why/);
    expect((await run('show', 'm-big')).out).toMatch(/piece +[12] of 2\. To join them: .*dead-letters export/);
    const target = file();
    expect(await run('export', target, '--remove', '--id', 'm-big')).toMatchObject({
      code: 0,
      out: expect.stringMatching(/^1 dead letters moved/),
    });
    const line = readFileSync(target, 'utf8');
    expect(line).toContain(`"event":${text}}`);
    expect(JSON.parse(line)).toMatchObject({ deadLetter: { reason: 'too_large', detail: 'why' } });
    expect((await harness.deadLetters()).map(idOf)).toEqual(['m-1']);
  });

  test('is exported piece by piece if one is missing, and the others stay, also after a redrive', async () => {
    const first = (await harness.deadLetters()).find((message) => attributesOf(message)['piece'] !== undefined);
    const { Body = '', MessageAttributes = {} } = first ?? {};
    const QueueUrl = harness.queues.deadLetterQueueUrl;
    await harness.client.send(new SendMessageCommand({ QueueUrl, MessageBody: Body, MessageAttributes }));
    const target = file();
    expect((await run('export', target, '--remove')).out).toMatch(
      /^0 dead letters moved.*\n1 pieces of events .*one by one/,
    );
    expect(JSON.parse(readFileSync(target, 'utf8'))).toMatchObject({ deadLetter: { piece: { of: 2 } }, body: Body });
    const redriven = await run('redrive', '--all', '--yes');
    expect([redriven.code, redriven.out]).toEqual([0, expect.stringMatching(/^1 are pieces of events .* and stay/m)]);
    expect(await inQueue()).toEqual([]);
    expect(await harness.deadLetters()).toHaveLength(1);
  });
});

test('what the HTTP endpoint could not use is redriven, keeps the name of its source, and has a new reason', async () => {
  const text = '{"type":"track","event":"A","messageId":"m-1"}';
  const part = { index: 1, text: () => text, characters: text.length };
  const element = { kind: 'rejected', reason: 'missing_identity', detail: '', eventMessageId: 'm-1', ...part } as const;
  const origin = { source: 'web', text: () => '', failedAt: Date.now(), isFifo: false };
  const messages = toDeadLetters({ first: [element], count: 1, of: 2 }, origin);
  await sendBatch(harness.client, harness.queues.deadLetterQueueUrl, messages);
  expect((await run('redrive', '--id', 'm-1', '--yes', '--json')).json()).toMatchObject({ sent: 1 });
  await harness.invokeOnce();
  const [again] = await harness.deadLetters();
  expect([again?.Body, again === undefined ? {} : attributesOf(again)]).toEqual([
    text,
    expect.objectContaining({ reason: 'missing_identity', source: 'web', redrives: '1', eventMessageId: 'm-1' }),
  ]);
});

describe('export', () => {
  test('writes a line for each dead letter, which enqueue can read', async () => {
    const odd = '{"type" : "track",\n "userId":"u", "messageId":"m-2", "properties":{"n":1.0, "e":"\\u00e9"}}';
    await harness.send(odd);
    await harness.send('not JSON at all');
    await deadLetter(nameless('m-1'));
    const target = file();
    expect(await run('export', target)).toMatchObject({
      code: 0,
      out: expect.stringContaining('3 dead letters copied'),
    });
    const lines = readFileSync(target, 'utf8').trim().split('\n');
    expect(lines.map((line): unknown => JSON.parse(line))).toHaveLength(3);
    expect(lines.join('\n')).toContain('"n":1.0, "e":"\\u00e9"');
    expect(await harness.deadLetters()).toHaveLength(3);

    expect(await heapq(['enqueue', target], environmentFor(harness.queues))).toMatchObject({ code: 0 });
    await harness.invokeOnce();
    const again = await harness.deadLetters();
    expect(again.map((message) => attributesOf(message)['reason']).toSorted()).toEqual([
      'missing_event',
      'missing_event',
      'not_json',
    ]);
    expect(again.map(({ Body }) => Body).toSorted()).toEqual(
      ['not JSON at all', JSON.stringify(nameless('m-1')), odd.replace('\n', ' ')].toSorted(),
    );
  });

  test('with --remove they are only in the file; an existing file is not overwritten', async () => {
    await deadLetter(nameless('m-1'), homeless('m-2'));
    const target = file();
    expect(await run('export', target, '--remove', '--reason', 'missing_event')).toMatchObject({ code: 0 });
    expect((await harness.deadLetters()).map(idOf)).toEqual(['m-2']);
    expect(await run('export', target)).toMatchObject({
      code: 2,
      error: expect.stringMatching(/dead-letters\.ndjson exists already: name another file/),
    });
    expect(await run('export', '/nowhere/letters.ndjson')).toMatchObject({
      code: 2,
      error: 'the folder /nowhere does not exist: create it, or name another file\n',
    });
  });

  test('--remove is refused for standard output', async () => {
    await deadLetter(nameless('m-1'));
    expect(await run('export', '-', '--remove')).toMatchObject({
      code: 2,
      error: expect.stringMatching(/^--remove needs a file/),
    });
    expect(await harness.deadLetters()).toHaveLength(1);
  });

  test('- is standard output', async () => {
    await deadLetter(nameless('m-1'));
    const { out, error } = await run('export', '-');
    expect(JSON.parse(out)).toMatchObject({ deadLetter: { reason: 'missing_event' }, event: nameless('m-1') });
    expect(error).toContain('1 dead letters copied');
  });
});

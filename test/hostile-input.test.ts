import type { ServerResponse } from 'node:http';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import type { SQSRecord } from 'aws-lambda';
import { isObject } from '../lib/json.ts';
import { toRecord } from '../local/lambda/event-source-mapping.ts';
import { failedRecords } from '../local/lambda/partial-batch-response.ts';
import { startLoopbackServer, type LoopbackServer } from '../local/loopback-server.ts';
import { HOSTILE_BATCHES } from '../local/hostile-bodies.ts';
import { attributesOf, startHarness, type Harness } from './support/lambda-harness.ts';
import { messageIdIn } from './support/idempotency-keys.ts';

/**
 * The built bundle in a process with the memory that a function of 512 MB has, between a real SQS API and the Heap simulator.
 * Each hostile batch stands between two good records. Were the process to die, its invocation would have no answer.
 */

const ENVIRONMENT = {
  NODE_OPTIONS: '--max-old-space-size=400',
  DESTINATION_CONFIG: '{"appId":"{{ message.context.app || \\"11\\" }}"}',
};

let harness: Harness;
let batches = 0;

beforeAll(async () => {
  harness = await startHarness(ENVIRONMENT);
});

afterAll(async () => {
  await harness.stop();
});

function neighbour(name: string): string {
  return JSON.stringify({ type: 'track', event: 'Good', userId: 'good', messageId: name, context: { app: 'good' } });
}

function recordsOf(bodies: readonly string[]): readonly SQSRecord[] {
  batches += 1;
  return bodies.map((Body, index) => {
    const id = `batch-${batches}-${index}`;
    return toRecord({ MessageId: id, ReceiptHandle: id, Body }, harness.queues.queueArn);
  });
}

const reportsIn = (logs: readonly string[]): readonly string[] =>
  logs.filter((line) => line.includes('batch_forwarded'));

/**
 * What the function's log says about an invocation: outcomes without a reason, and reasons. The log and the answer come in different
 * ways, so the answer may be there first.
 *
 * @param invocation its number, from 1
 */
async function endsOf(logs: readonly string[], invocation: number, neighbours: number): Promise<readonly string[]> {
  while (reportsIn(logs).length < invocation) await nextTurn();
  const told: unknown = JSON.parse(reportsIn(logs)[invocation - 1] ?? '{}');
  if (!isObject(told)) return [];
  const reasons = [told['rejected'], told['filtered'], told['deferred']].flatMap((counts) =>
    isObject(counts) ? Object.keys(counts) : [],
  );
  return [...(Number(told['delivered']) > neighbours ? ['delivered'] : []), ...reasons].toSorted();
}

function deliveredKeys(): ReadonlySet<unknown> {
  return new Set(harness.heapServer.heap.contents().events.map(({ idempotency_key: key }) => messageIdIn(key)));
}

test('a record beyond a limit becomes one dead letter, with the limit in words and the body as it came', async () => {
  const body = gzipSync(`[${Array.from({ length: 2_000_000 }, () => '0').join(',')}]`).toString('base64');
  await harness.lambda.invoke({ Records: [...recordsOf([body])] });
  const deadLetters = await harness.deadLetters();
  expect(deadLetters.map(({ Body }) => Body)).toEqual([body]);
  expect(deadLetters.map(attributesOf)).toMatchObject([
    { reason: 'too_large', detail: 'the record has more than 524288 JSON values' },
  ]);
});

describe('a batch that is made to use up memory or time', () => {
  test.each(HOSTILE_BATCHES)('$what', async ({ bodies, ends }) => {
    const hostile = bodies();
    const records = recordsOf([neighbour(`before ${batches}`), ...hostile, neighbour(`after ${batches}`)]);
    const neighbours = [records[0], records.at(-1)];
    const answer = await harness.lambda.invoke({ Records: [...records] });

    expect(answer).toMatchObject({ kind: 'response' });
    expect(harness.lambda.coldStarts()).toBe(1);
    const failed = failedRecords(answer, [...records]);
    for (const record of neighbours) {
      expect(failed.has(record?.messageId ?? '')).toBe(false);
      const { messageId }: { readonly messageId: string } = JSON.parse(record?.body ?? '{}');
      expect(deliveredKeys().has(messageId)).toBe(true);
    }
    expect(await endsOf(harness.logs, batches, neighbours.length)).toEqual(ends);
    expect(harness.logs.filter((line) => line.includes('internal_error'))).toEqual([]);
  });
});

describe('what finds no room in one invocation', () => {
  test('comes through in the next ones, without a dead letter', async () => {
    await harness.deadLetters();
    const users = (from: number): string =>
      gzipSync(
        `[${Array.from({ length: 30_000 }, (_, index) => `{"type":"identify","userId":"room-${from + index}","traits":{"a":1}}`).join(',')}]`,
      ).toString('base64');
    let left = recordsOf([0, 30_000, 60_000].map(users));
    const returned: number[] = [];
    while (left.length > 0) {
      const answer = await harness.lambda.invoke({ Records: [...left] });
      const failed = failedRecords(answer, [...left]);
      left = left.filter(({ messageId }) => failed.has(messageId));
      returned.push(left.length);
    }
    expect(returned.at(0)).toBeGreaterThan(0);
    const { users: stored } = harness.heapServer.heap.contents();
    expect(stored.filter(({ identity }) => identity.startsWith('room-'))).toHaveLength(90_000);
    expect(await harness.deadLetters()).toEqual([]);
  });
});

describe('while Heap answers 503', () => {
  let other: Harness;
  afterEach(async () => {
    await other.stop();
  });

  test.each([
    // Of 50 apps, since a single one would have to wait for its rate limit before its circuit opens.
    [
      '50,000 events',
      (index: number) =>
        `{"type":"track","event":"A","userId":"${index + 1}","messageId":"${index}","context":{"app":${index % 50}}}`,
    ],
    ['50,000 identifies of one user', (index: number) => `{"type":"identify","userId":"u","traits":{"a":${index}}}`],
  ])('%s go back, and so do their neighbours, each with its visibility timeout', async (_, make) => {
    other = await startHarness(ENVIRONMENT);
    other.heapServer.heap.inject({ status: 503, times: Infinity });
    await other.send(neighbour('before'));
    await other.send(
      gzipSync(`[${Array.from({ length: 50_000 }, (__, index) => make(index)).join(',')}]`).toString('base64'),
    );
    await other.send(neighbour('after'));
    const { answer, givenBack } = await other.invokeOnce();
    expect(answer).toMatchObject({ kind: 'response' });
    expect(givenBack).toHaveLength(3);
    expect(other.logs.filter((line) => /internal_error|visibility_change_failed/.test(line))).toEqual([]);
    expect(await other.deadLetters()).toEqual([]);
  });
});

describe('an answer of Heap that does not end', () => {
  let other: Harness;
  let server: LoopbackServer;
  afterEach(async () => {
    await other.stop();
    await server.stop();
  });

  function writeWithoutEnd(response: ServerResponse): void {
    const chunk = 'x'.repeat(100_000);
    const write = (): void => {
      while (response.write(chunk)) continue;
      response.once('drain', write);
    };
    write();
  }

  const bomb = gzipSync(Buffer.alloc(300 * 1024 * 1024, 'x'), { level: 1 });

  test.each<[string, (response: ServerResponse) => void, string]>([
    ['with status 200', (response) => writeWithoutEnd(response.writeHead(200)), 'heap_unreachable'],
    ['with status 503', (response) => writeWithoutEnd(response.writeHead(503)), 'heap_error'],
    [
      'of 300 MB in gzip',
      (response) => response.writeHead(500, { 'content-encoding': 'gzip' }).end(bomb),
      'heap_error',
    ],
  ])('%s defers the events, and nothing else', async (_, answer, reason) => {
    server = await startLoopbackServer(0, (request, response) => {
      request.resume();
      answer(response);
    });
    other = await startHarness({ ...ENVIRONMENT, HEAP_BASE_URL: server.url });
    await other.send(neighbour('one'));
    await other.send('[1]');
    const { givenBack } = await other.invokeOnce();
    expect(givenBack.map(({ body }) => body)).toEqual([neighbour('one')]);
    expect(await endsOf(other.logs, 1, 0)).toEqual([reason, 'no_event'].toSorted());
  });
});

import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { randomUUID } from 'node:crypto';
import { SendMessageBatchCommand, type SQSClient } from '@aws-sdk/client-sqs';
import { readTemplate } from '../../infra/template.ts';
import { countMessages, readQueueState } from '../../lib/sqs/count-messages.ts';
import type { LoopbackServer } from '../../local/loopback-server.ts';
import { createLocalClient, createLocalQueues, type LocalQueues } from '../../local/queues.ts';
import { environmentFor, heapq } from '../support/heapq.ts';
import { sqsEndpoint } from '../support/lambda-harness.ts';
import { startQueueWithoutWaiting } from '../support/queue-without-waiting.ts';
import { inTerminal, shell } from '../support/terminal.ts';

/** What a person sees and types, and what a pipe that is closed does: the command in a shell, against a real SQS API. */
let queue: LoopbackServer;
let client: SQSClient;
let queues: LocalQueues;
beforeAll(async () => {
  queue = await startQueueWithoutWaiting(sqsEndpoint());
  client = createLocalClient(sqsEndpoint());
});
afterAll(async () => {
  client.destroy();
  await queue.stop();
});
beforeEach(async () => {
  const template = readTemplate(join(__dirname, '..', '..', 'template.yaml'));
  queues = await createLocalQueues(client, sqsEndpoint(), template, randomUUID());
});

const environment = (): NodeJS.ProcessEnv => ({ ...environmentFor(queues), AWS_ENDPOINT_URL_SQS: queue.url });
const folder = mkdtempSync(join(tmpdir(), 'terminal-'));
const DETAIL = `Heap answered: ${'a long explanation '.repeat(6)}`;

async function fill(count: number): Promise<void> {
  const attribute = (StringValue: string) => ({ DataType: 'String', StringValue });
  for (let from = 0; from < count; from += 10) {
    const Entries = Array.from({ length: Math.min(10, count - from) }, (_, index) => ({
      Id: String(index),
      MessageBody: JSON.stringify({ type: 'track', event: 'A', messageId: `m-${from + index}`, blob: 'x'.repeat(400) }),
      MessageAttributes: {
        reason: attribute('heap_refused'),
        detail: attribute(DETAIL),
        eventMessageId: attribute(`m-${from + index}`),
      },
    }));
    await client.send(new SendMessageBatchCommand({ QueueUrl: queues.deadLetterQueueUrl, Entries }));
  }
}

const stateOf = () => readQueueState(client, queues.deadLetterQueueUrl);
/** Every control sequence but colours, and line ends as they are without a terminal. */
const plain = (out: string): string => out.replaceAll('\r\n', '\n');
const longest = (out: string): number =>
  Math.max(
    ...plain(out)
      .split('\n')
      .map(({ length }) => length),
  );

describe('a closed pipe', () => {
  test('ends a preview quietly, as SIGPIPE does', async () => {
    const file = join(folder, 'events.ndjson');
    const event = JSON.stringify({
      type: 'track',
      event: 'A',
      userId: 'u',
      messageId: 'm',
      properties: { a: 'x'.repeat(500) },
    });
    writeFileSync(file, `${event}\n`.repeat(2000));
    for (const line of [`$HEAPQ preview ${file} | head -n 1`, `cat ${file} | $HEAPQ preview | head -n 1`]) {
      const { code, out } = await shell(line, environment());
      expect([code, out.trim().split('\n').length, Object(JSON.parse(out))['kind']]).toEqual([141, 1, 'deliver']);
    }
  });

  test('ends an export quietly, and gives back what it holds', async () => {
    await fill(600);
    const { code, out } = await shell('$HEAPQ dead-letters export - | head -n 1', environment());
    expect(code).toBe(141);
    // The sentence at the end of an export goes to standard error.
    expect(out.split('\n')[0]).toContain('"deadLetter"');
    expect(out).not.toMatch(/EPIPE|at .*node:/);
    expect(await stateOf()).toMatchObject({ visible: 600, notVisible: 0 });
  });

  test('ends a redrive quietly after its work', async () => {
    await fill(30);
    const { code, out } = await shell('$HEAPQ dead-letters redrive --all --yes | true', environment());
    expect([code, out]).toEqual([141, '']);
    expect(await countMessages(client, queues.queueUrl)).toBe(30);
  });
});

describe('a redrive', () => {
  const redrive = (...args: readonly string[]) => heapq(['dead-letters', 'redrive', ...args], environment());

  test.each<[readonly string[], RegExp]>([
    [[], /^redrive needs to know which dead letters: use --reason, .* or --all\./],
    [['--yes'], /^redrive needs to know which dead letters/],
    [['--reason', 'nonsense', '--yes'], /'nonsense' is invalid\. Allowed choices are not_json, .*heap_refused.*none\./],
    [['--all', '--reason', 'none', '--yes'], /^--all and --reason exclude each other/],
    [['--all'], /this is no terminal: add --yes/],
  ])('with %j sends nothing and says what is needed', async (args, says) => {
    await fill(3);
    const { code, error } = await redrive(...args);
    expect([code, error]).toEqual([2, expect.stringMatching(says)]);
    expect(await stateOf()).toMatchObject({ visible: 3 });
  });

  test('lists the reasons in its help', async () => {
    const { out } = await redrive('--help');
    expect(out.replaceAll(/\s+/g, ' ')).toContain('"heap_refused", "retries_exhausted"');
  });

  test.each([60, 120])('asks a terminal of %i columns once', async (columns) => {
    await fill(3);
    const ask = (answer: string) =>
      inTerminal('$HEAPQ dead-letters redrive --reason heap_refused', columns, environment(), answer);
    const refused = await ask('n\r');
    expect([refused.code, refused.out]).toEqual([1, expect.stringMatching(/\[y\/N\].*Nothing was sent\./s)]);
    expect(await countMessages(client, queues.queueUrl)).toBe(0);
    const { code, out } = await ask('y\r');
    expect([code, out.match(/\[y\/N\]/g)]).toEqual([0, ['[y/N]']]);
    expect(out).toMatch(/Send those of 3 dead letters with --reason heap_refused back to /);
    expect(plain(out)).toMatch(/3 dead letters were seen:\n3 were sent back to the queue\n/);
    expect(await countMessages(client, queues.queueUrl)).toBe(3);
  });
});

describe('list', () => {
  test.each([60, 120])('fits a terminal of %i columns, without colours', async (columns) => {
    await fill(2);
    const { code, out } = await inTerminal('$HEAPQ dead-letters list', columns, { ...environment(), NO_COLOR: '1' });
    expect(code).toBe(0);
    const tables = plain(out).slice(0, plain(out).indexOf('2 dead letters.'));
    expect(longest(tables)).toBeLessThanOrEqual(columns);
    expect(tables).toMatch(columns === 60 ? /^reason +heap_refused\ncount +2\n/ : /^reason +count +oldest +newest\n/);
    expect(tables).toContain('…');
    // oxlint-disable-next-line no-control-regex -- colours begin with an escape
    expect(out).not.toMatch(/\u001B\[[\d;]*m/);
  });

  test('names a command that can be pasted', async () => {
    await fill(1);
    const urls = ['--queue-url', queues.queueUrl, '--dead-letter-queue-url', queues.deadLetterQueueUrl];
    const { out } = await heapq(['dead-letters', 'list', ...urls], environment());
    const [, hint = ''] = /in full:\n {2}(.*)\n/.exec(out) ?? [];
    expect(hint).toContain(queues.deadLetterQueueUrl);
    const { code, out: shown } = await shell(hint.replace(/^node /, `${process.execPath} `), environment());
    expect([code, shown]).toEqual([0, expect.stringContaining('m-0')]);
  });
});

test('npm start names its command as npm runs it, with the options of the queues', async () => {
  await fill(1);
  const { out } = await heapq(['dead-letters', 'list', '--queue-url', queues.queueUrl], {
    ...environment(),
    npm_lifecycle_event: 'heapq',
  });
  expect(out).toMatch(/^ {2}npm run -s heapq -- dead-letters show [0-9a-f-]{36} --queue-url http:\S+$/m);
});

describe('--json', () => {
  test('answers errors in JSON', async () => {
    for (const args of [
      ['list', '--json'],
      ['list', '--json', '--since', 'x'],
      ['list', '--json', '--colour'],
    ]) {
      const { code, out, error } = await heapq(['dead-letters', ...args], {});
      expect([code, error, Object.keys(Object(JSON.parse(out)))]).toEqual([2, '', ['error']]);
    }
    const { code, out } = await heapq(['dead-letters', 'show', 'm-9', '--json'], environment());
    expect([code, JSON.parse(out)]).toMatchObject([1, { error: expect.stringContaining('m-9'), isComplete: true }]);
  });

  test('has every time in ISO 8601', async () => {
    await fill(1);
    for (const args of [['list'], ['show', 'm-0'], ['redrive', '--dry-run', '--all']]) {
      const { out } = await heapq(['dead-letters', ...args, '--json'], environment());
      expect(JSON.parse(out)).toBeInstanceOf(Object);
      // No number of milliseconds since 1970.
      expect(out).not.toMatch(/\b1[5-9]\d{11}\b/);
    }
    const { out } = await heapq(['dead-letters', 'show', 'm-0', '--json'], environment());
    expect(Object(JSON.parse(out)).deadLetter.failedAt).toMatch(/^\d{4}-.*Z$/);
  });
});

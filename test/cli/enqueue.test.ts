import { existsSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { randomBytes, randomUUID } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import type { SQSClient } from '@aws-sdk/client-sqs';
import fc from 'fast-check';
import { NOTHING_DONE, openCheckpoint } from '../../cli/backfill/checkpoint.ts';
import { enqueueFile } from '../../cli/backfill/enqueue.ts';
import { toMessages } from '../../cli/backfill/to-messages.ts';
import { openHistory } from '../../cli/history/open-history.ts';
import { DEFAULT_READ_OPTIONS } from '../../cli/history/read-options.ts';
import { readText } from '../../cli/history/read-text.ts';
import { splitValues } from '../../cli/history/split-json.ts';
import { readTemplate } from '../../infra/template.ts';
import { valueAt } from '../../lib/json.ts';
import { unwrap } from '../../lib/rudderstack/envelope.ts';
import { startLoopbackServer } from '../../local/loopback-server.ts';
import { countMessages } from '../../lib/sqs/count-messages.ts';
import { createLocalClient, createLocalQueues, drain, type LocalQueues } from '../../local/queues.ts';
import { startCloudFormation } from '../support/cloud-formation.ts';
import { environmentFor, heapq, startHeapq } from '../support/heapq.ts';
import { sqsEndpoint } from '../support/lambda-harness.ts';
import { startProxy } from '../support/proxy.ts';

/** The command, in a process of its own, against a real SQS API. */
let client: SQSClient;
let queues: LocalQueues;
beforeEach(async () => {
  client = createLocalClient(sqsEndpoint());
  queues = await createLocalQueues(
    client,
    sqsEndpoint(),
    readTemplate(join(__dirname, '..', '..', 'template.yaml')),
    randomUUID(),
  );
});
afterEach(() => client.destroy());

const folder = mkdtempSync(join(tmpdir(), 'heapq-'));
function fileOf(name: string, content: string | Buffer): string {
  const file = join(folder, `${randomUUID()}-${name}`);
  writeFileSync(file, content);
  return file;
}

const timestamp = '2026-01-31T10:00:00.000Z';
const event = (index: number) => ({
  type: 'track',
  event: 'A 🚀',
  userId: `u-${index}`,
  messageId: `m-${index}`,
  timestamp,
});
const events = (count: number) => Array.from({ length: count }, (_, index) => event(index));
const ndjson = (list: readonly object[]): string => list.map((one) => `${JSON.stringify(one)}\n`).join('');

async function eventsInQueue(): Promise<unknown[]> {
  const messages = await drain(client, queues.queueUrl);
  return messages.flatMap(({ Body = '' }) =>
    unwrap(Body).map((one) => (one.kind === 'event' ? one.event : one.rejection)),
  );
}

describe('input formats', () => {
  test.each<[string, string, string | Buffer]>([
    ['NDJSON, as RudderStack’s storage destinations write it', 'dump.json', ndjson(events(50))],
    ['the same with gzip', 'dump.json.gz', gzipSync(ndjson(events(50)))],
    [
      'with blank lines, a byte order mark and Windows line ends',
      'a.ndjson',
      `\uFEFF${ndjson(events(50)).replaceAll('\n', '\r\n\r\n')}`,
    ],
    ['a JSON array', 'a.json', JSON.stringify(events(50), undefined, 2)],
    ['a JSON array with gzip', 'a.json.gz', gzipSync(JSON.stringify(events(50)))],
    [
      'batches as the SDKs post them',
      'b.ndjson',
      ndjson([{ batch: events(50).slice(0, 20) }, { batch: events(50).slice(20) }]),
    ],
    [
      'lines of dead-letters export',
      'dead-letters.ndjson',
      ndjson(events(50).map((one) => ({ deadLetter: { reason: 'x' }, event: one }))),
    ],
  ])('%s', async (_, name, content) => {
    const { code, out } = await heapq(['enqueue', fileOf(name, content)], environmentFor(queues));
    expect([code, out]).toEqual([0, expect.stringMatching(/: \d+ events were sent to the queue\.\n/)]);
    expect(await eventsInQueue()).toEqual(events(50));
  });

  test('standard input', async () => {
    expect(await heapq(['enqueue', '-', '--json'], environmentFor(queues), ndjson(events(3)))).toMatchObject({
      code: 0,
      out: '{"file":"-","enqueued":3,"skipped":0,"isComplete":true}\n',
    });
    expect(await eventsInQueue()).toEqual(events(3));
  });

  test('rows of RudderStack’s warehouse tables, as CSV and as JSON', async () => {
    const tracks =
      'ID,ANONYMOUS_ID,USER_ID,EVENT,EVENT_TEXT,RECEIVED_AT,TIMESTAMP,CONTEXT_IP,PRICE\nm-1,a-1,u-1,signed_up,Signed Up,2026-01-02 00:00:01,2026-01-02 00:00:00,192.0.2.1,12.5\n';
    const users = ndjson([
      {
        id: 'u-2',
        received_at: '2026-01-02T00:00:00Z',
        email: 'ada@example.com',
        context_traits_plan: 'pro',
        name: null,
      },
    ]);
    const files = [fileOf('tracks.csv', tracks), fileOf('users.ndjson', users)];
    expect(await heapq(['enqueue', ...files], environmentFor(queues))).toMatchObject({ code: 0 });
    expect(await eventsInQueue()).toMatchObject([
      {
        type: 'track',
        event: 'Signed Up',
        messageId: 'm-1',
        userId: 'u-1',
        anonymousId: 'a-1',
        timestamp: '2026-01-02 00:00:00',
        properties: { price: '12.5' },
      },
      {
        type: 'identify',
        userId: 'u-2',
        timestamp: '2026-01-02T00:00:00Z',
        traits: { email: 'ada@example.com' },
        context: { traits: { plan: 'pro' } },
      },
    ]);
  });

  const cells =
    'id,user_id,event,received_at,timestamp,context_ip,context_traits_age,price,code,zip,vip,big,note,empty\n' +
    'm-1,007,A,2026-01-02 00:00:01,2026-01-02 00:00:00,10.0,41,12.50,1e3,01234,TRUE,12345678901234567891,\\N,\n' +
    '12,1e5,A,2026-01-02 00:00:01,1767312000,NULL,NULL,-7,+49,0,false,9007199254740991,NULL,null\n';

  test.each<[string, readonly string[], readonly object[]]>([
    [
      'are texts',
      [],
      [
        { price: '12.50', code: '1e3', zip: '01234', vip: 'TRUE', big: '12345678901234567891' },
        { price: '-7', code: '+49', zip: '0', vip: 'false', big: '9007199254740991' },
      ],
    ],
    [
      'are numbers and booleans where they look like one, with --types infer',
      ['--types', 'infer'],
      [
        { price: 12.5, code: 1000, zip: '01234', vip: true, big: '12345678901234567891' },
        { price: -7, code: '+49', zip: 0, vip: false, big: 9_007_199_254_740_991 },
      ],
    ],
  ])('cells of CSV %s; absent ones are left out, and ids stay as they are', async (_, options, properties) => {
    expect(await heapq(['enqueue', fileOf('a.csv', cells), ...options], environmentFor(queues))).toMatchObject({
      code: 0,
    });
    const age = options.length === 0 ? '41' : 41;
    const contexts = [{ context: { traits: { age } } }, {}];
    expect(await eventsInQueue()).toEqual(
      [
        { messageId: 'm-1', userId: '007', timestamp: '2026-01-02 00:00:00' },
        { messageId: '12', userId: '1e5', timestamp: '1767312000' },
      ].map((ids, index) => ({ type: 'track', event: 'A', ...ids, ...contexts[index], properties: properties[index] })),
    );
    const check = await heapq(['enqueue', '--check', '--json', fileOf('a.csv', cells), ...options], {});
    expect(JSON.parse(check.out)).toMatchObject({ delivered: 2, causes: [] });
  });

  test('a number that a double cannot hold stays as it came, in events and in rows', async () => {
    const lines = [
      '{"type":"track","event":"A","userId":9007199254740993,"timestamp":"2026-01-02T00:00:00Z","properties":{"n":12345678901234567891}}',
      '{"id":9007199254740993,"user_id":9007199254740995,"event":"a","received_at":"2026-01-02T00:00:00Z","n":12345678901234567891}',
    ];
    await heapq(['enqueue', fileOf('big.ndjson', lines.join('\n'))], environmentFor(queues));
    const [message] = await drain(client, queues.queueUrl);
    expect(message?.Body).toContain(lines[0]);
    expect(message?.Body).toMatch(
      /"messageId":9007199254740993,"userId":9007199254740995,.*"properties":\{"n":12345678901234567891\}/,
    );
  });

  test('several events share a message, up to --events-per-message', async () => {
    await heapq(['enqueue', fileOf('a.ndjson', ndjson(events(45)))], environmentFor(queues));
    expect(await countMessages(client, queues.queueUrl)).toBe(3);
    await heapq(
      ['enqueue', fileOf('a.ndjson', ndjson(events(45))), '--events-per-message', '1'],
      environmentFor(queues),
    );
    expect(await countMessages(client, queues.queueUrl)).toBe(48);
  });
});

// The embedded server does not tell the group of a message in a standard queue.
test('on a standard queue the load is one message group, so that live events go first', async () => {
  const options = {
    file: 'a',
    skip: NOTHING_DONE,
    eventsPerMessage: 2,
    isFifo: false,
    onEntry: () => undefined,
    onBad: undefined,
    badBytes: () => 0,
  };
  const groups: unknown[] = [];
  const file = fileOf('load.ndjson', ndjson(events(3)));
  const { entries } = await openHistory(file, DEFAULT_READ_OPTIONS, () => undefined, Date.now());
  for await (const { groupId, deduplicationId } of toMessages(entries, options)) {
    groups.push([groupId, deduplicationId]);
  }
  expect(groups).toEqual([
    ['backfill', undefined],
    ['backfill', undefined],
  ]);
});

test('an array is split into its elements, whatever its format and chunks', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.jsonValue({ maxDepth: 3 }), { maxLength: 30 }),
      fc.constantFrom(undefined, 1, '\t'),
      fc.integer({ min: 0, max: 70_000 }),
      async (list, space, padding) => {
        // The padding moves the elements over the edges of the chunks that a file is read in.
        const file = fileOf('array.json', `[${' '.repeat(padding)}${JSON.stringify(list, undefined, space).slice(1)}`);
        const items = await Array.fromAsync(
          splitValues(
            readText(file, 'utf8', () => undefined),
            'array',
            file,
          ),
        );
        expect(items.map(({ text }): unknown => JSON.parse(text))).toEqual(JSON.parse(JSON.stringify(list)));
      },
    ),
    { numRuns: 60 },
  );
});

describe('an interruption', () => {
  test.each([
    ['SIGINT', 130, /Interrupted\. To continue:\n {2}node \S+ enqueue .* --rate 150\.?$/m],
    ['SIGKILL', undefined, /^$/],
  ] as const)('by %s loses nothing, and a second run continues', async (signal, exitCode, says) => {
    const file = fileOf('history.ndjson', ndjson(events(600)));
    const environment = environmentFor(queues);
    const args = ['enqueue', file, '--events-per-message', '1'];
    let batches = 0;
    await using interrupting = await startProxy(sqsEndpoint(), async (call, passOn) => {
      batches += 1;
      // Once: a second SIGINT would end it without ado.
      if (batches >= 10 && !child.killed && existsSync(`${file}.checkpoint`)) child.kill(signal);
      return await passOn(call);
    });
    // A checkpoint is written from time to time: at this rate before a third of the file is through.
    const slowly = [...args, '--rate', '150'];
    const { child, ended } = startHeapq(slowly, { ...environment, AWS_ENDPOINT_URL_SQS: interrupting.url });
    const { code, out } = await ended;
    expect([code, out]).toEqual([exitCode, expect.stringMatching(says)]);
    const first = await countMessages(client, queues.queueUrl);
    expect(first).toBeLessThan(600);

    const second = await heapq(args, environment);
    expect([second.code, second.out]).toEqual([0, expect.stringMatching(/and \d+ more from an earlier run/)]);
    const ids = (await eventsInQueue()).map((one) => valueAt(one, ['messageId']));
    expect(new Set(ids).size).toBe(600);
    // It did not start over: only events sent since the last checkpoint are in the queue twice.
    expect(ids.length).toBeLessThan(600 + first);
    expect(existsSync(`${file}.checkpoint`)).toBe(false);
  });
});

test('a checkpoint of another queue, or a damaged one, is refused', async () => {
  const file = fileOf('a.ndjson', ndjson(events(3)));
  const checkpoint = `${file}.checkpoint`;
  const earlier = { queueUrl: 'https://sqs/another-queue', given: {}, badFile: undefined, startedMs: 0 };
  openCheckpoint(file, earlier).save({ done: 2, seal: 'x', badBytes: 0 }, true);
  for (let run = 0; run < 2; run += 1) {
    const { code, error } = await heapq(['enqueue', file], environmentFor(queues));
    expect([code, error]).toEqual([2, expect.stringMatching(/\.checkpoint belongs to another queue, or is damaged/)]);
    writeFileSync(checkpoint, '{"done":');
  }
  expect(await countMessages(client, queues.queueUrl)).toBe(0);
});

test('the checkpoint never passes over a batch that is still being sent', async () => {
  const release = Promise.withResolvers<void>();
  const dones: number[] = [];
  let calls = 0;
  let answered = 0;
  let donesBeforeFirst: readonly number[] | undefined;
  await using network = await startProxy(sqsEndpoint(), async (call, passOn) => {
    calls += 1;
    if (calls === 1) await release.promise;
    const answer = await passOn(call);
    answered += 1;
    // All the others are through before the first one, and none of them counts yet.
    if (answered === 7) {
      donesBeforeFirst = [...dones];
      release.resolve();
    }
    return answer;
  });
  const throughNetwork = createLocalClient(network.url);
  const done = await enqueueFile(throughNetwork, queues.queueUrl, {
    file: fileOf('a.ndjson', ndjson(events(80))),
    skip: NOTHING_DONE,
    reading: DEFAULT_READ_OPTIONS,
    startedMs: Date.now(),
    eventsPerMessage: 1,
    rate: undefined,
    signal: new AbortController().signal,
    onProgress: (soFar) => void dones.push(soFar.done),
  });
  throughNetwork.destroy();
  expect([done.done, donesBeforeFirst, dones]).toEqual([80, [], [10, 20, 30, 40, 50, 60, 70, 80]]);
});

describe('several files', () => {
  const folderWith = (files: Readonly<Record<string, string>>): string => {
    const inner = mkdtempSync(join(folder, 'several-'));
    for (const [name, content] of Object.entries(files)) writeFileSync(join(inner, name), content);
    return inner;
  };

  test('a second run continues in the middle, also after the line it stopped at was repaired', async () => {
    const [one, two, three] = [events(10).slice(0, 3), events(10).slice(3, 6), events(10).slice(6)].map(ndjson);
    const inner = folderWith({ 'a.ndjson': one ?? '', 'b.ndjson': `${two}{oops\n`, 'c.ndjson': three ?? '' });
    const stopped = await heapq(['enqueue', inner], environmentFor(queues));
    expect([stopped.code, stopped.error]).toEqual([2, expect.stringMatching(/b\.ndjson, line 4 is not valid JSON/)]);
    writeFileSync(join(inner, 'b.ndjson'), two ?? '');
    const { code, out } = await heapq(['enqueue', inner, '--json'], environmentFor(queues));
    const results = out
      .trim()
      .split('\n')
      .map((line): unknown => JSON.parse(line));
    expect([code, results]).toMatchObject([
      0,
      [
        { enqueued: 0, skipped: 3, isComplete: true },
        { enqueued: 0, skipped: 3, isComplete: true },
        { enqueued: 4, skipped: 0, isComplete: true },
      ],
    ]);
    expect(await eventsInQueue()).toEqual(events(10));
    expect(readdirSync(inner)).toEqual(['a.ndjson', 'b.ndjson', 'c.ndjson']);
  });

  test('a run does not continue when what is in the queue already was changed', async () => {
    const file = fileOf('changed.ndjson', `${ndjson(events(3))}{oops\n`);
    await heapq(['enqueue', file], environmentFor(queues));
    writeFileSync(file, ndjson(events(5).slice(1)));
    const { code, error } = await heapq(['enqueue', file], environmentFor(queues));
    expect([code, error]).toEqual([2, expect.stringMatching(/has changed in its first 3 items/)]);
    expect(await eventsInQueue()).toEqual(events(3));
  });

  test.each([
    ['a file of another format', (inner: string) => [inner], /z\.bin is a Parquet file/],
    ['a file that does not exist', (inner: string) => [join(inner, 'a.ndjson'), join(inner, 'no')], /does not exist/],
    ['standard input of another format', (inner: string) => [join(inner, 'a.ndjson'), '-'], /input is a Parquet file/],
  ] as const)('%s is noticed before the first is loaded', async (_, argsFor, message) => {
    const inner = folderWith({ 'a.ndjson': ndjson(events(3)), 'z.bin': 'PAR1....' });
    const { code, error } = await heapq(['enqueue', ...argsFor(inner)], environmentFor(queues), 'PAR1....');
    expect([code, error]).toEqual([2, expect.stringMatching(message)]);
    expect(await countMessages(client, queues.queueUrl)).toBe(0);
  });
});

test('--skip-bad writes what cannot be sent to a file as it came, goes on, and ends with exit code 1', async () => {
  const { timestamp: _, ...withoutTime } = event(9);
  const content = `${ndjson([event(0)])}{oops\n${ndjson([withoutTime, event(1)])}`;
  const bad = join(mkdtempSync(join(folder, 'bad-')), 'bad.ndjson');
  const { code, out, error } = await heapq(
    ['enqueue', fileOf('some.ndjson', content), '--skip-bad', bad, '--json'],
    environmentFor(queues),
  );
  expect([code, JSON.parse(out)]).toMatchObject([1, { enqueued: 2, bad: 2 }]);
  expect(error).toMatch(/some\.ndjson, line 2 is not valid JSON.*\n.*some\.ndjson, line 3 has no time/);
  expect(readFileSync(bad, 'utf8')).toBe(`{oops\n${ndjson([withoutTime])}`);
  expect(await eventsInQueue()).toEqual(events(2));
});

test('a load says how many calls the function filters, unless its settings send them', async () => {
  const page = { type: 'page', userId: 'u', messageId: 'm', timestamp };
  const { code, out } = await heapq(['enqueue', fileOf('a.ndjson', ndjson([page, event(1)]))], environmentFor(queues));
  expect([code, out]).toEqual([0, expect.stringMatching(/Of the events 1 are other calls: page, screen.*--skip page/)]);
  expect(await eventsInQueue()).toEqual([page, event(1)]);
});

test('a load says how many identify calls and track events of rows it has sent, and what may be wrong with them', async () => {
  const received_at = timestamp;
  const rows = [{ id: 'm-1', user_id: 'u-1', event: 'a', received_at, x: 1 }];
  const track = await heapq(['enqueue', fileOf('a.ndjson', ndjson(rows))], environmentFor(queues));
  expect(track.out).toMatch(/Of the events 1 are track events of rows: .*--before TIME.*idempotencyKey is "messageId"/);
  const people = [{ id: 'm-1', user_id: 'u-1', email: 'a@example.com', received_at }];
  const identify = await heapq(['enqueue', fileOf('a.ndjson', ndjson(people))], environmentFor(queues));
  expect(identify.out).toMatch(/Of the events 1 are identify calls: .*--skip identify/);
});

describe('--check', () => {
  const mixed = [
    event(1),
    { type: 'page', userId: 'u', timestamp },
    { type: 'track', userId: 'u', timestamp },
    event(2),
    { type: 'track', userId: 'u', timestamp },
  ];

  test('counts what would happen to the events, with line numbers, and sends nothing', async () => {
    const file = fileOf('mixed.ndjson', `${ndjson(mixed)}not JSON\n`);
    const { code, out } = await heapq(['enqueue', '--check', '--json', file], {});
    expect(code).toBe(1);
    const at = (...lines: readonly number[]) => [{ file, lines: lines.map((line) => [line, line]), moreLines: 0 }];
    expect(JSON.parse(out)).toEqual({
      files: [file],
      isComplete: true,
      settings: 'local/settings.json',
      events: 6,
      delivered: 2,
      identifies: 0,
      rowEvents: 0,
      causes: [
        {
          fate: 'filtered',
          reason: 'unsupported_type',
          detail: '',
          example: { file, line: 2 },
          count: 1,
          places: at(2),
          moreFiles: 0,
        },
        {
          fate: 'rejected',
          reason: 'missing_event',
          detail: 'event is required',
          example: { file, line: 3 },
          count: 2,
          places: at(3, 5),
          moreFiles: 0,
        },
        {
          fate: 'refused',
          reason: 'not_json',
          detail: expect.stringMatching(/^is not valid JSON: /),
          example: { file, line: 6 },
          count: 1,
          places: at(6),
          moreFiles: 0,
        },
      ],
      shapes: { events: { count: 5, first: expect.objectContaining({ kind: 'deliver' }) } },
      refusedFiles: [],
    });
    const forPerson = await heapq(['enqueue', '--check', file], {});
    expect(forPerson.out).toMatch(/rejected +missing_event +2 {3}lines 3 and 5\n {6}line 3: event is required\n/);
    expect(await countMessages(client, queues.queueUrl)).toBe(0);
  });

  test('with --allow-no-time, events without a time would be delivered, and are shown with their lines', async () => {
    const file = fileOf('times.ndjson', ndjson(mixed.map((one) => ({ ...one, timestamp: undefined }))));
    const refused = await heapq(['enqueue', '--check', '--json', file], {});
    expect([refused.code, JSON.parse(refused.out)]).toMatchObject([
      1,
      { delivered: 0, causes: [{ fate: 'refused', reason: 'no_time', count: 5, places: [{ lines: [[1, 5]] }] }] },
    ]);
    const allowed = await heapq(['enqueue', '--check', '--allow-no-time', file], {});
    expect(allowed.out).toMatch(/without a time +2 {3}in Heap they happen when they are loaded: lines 1 and 4\n/);
  });

  test('a refused file does not keep the others from being checked', async () => {
    const good = fileOf('good.ndjson', ndjson(events(2)));
    const [none, cut] = [fileOf('none.bin', 'PAR1....'), fileOf('cut.json', `[${JSON.stringify(event(3))},\n{"type":`)];
    const { code, out } = await heapq(['enqueue', '--check', '--json', none, cut, good], {});
    const refusedFiles = [
      { file: none, why: expect.stringMatching(/none\.bin is a Parquet file/) },
      { file: cut, why: expect.stringMatching(/cut\.json is incomplete/) },
    ];
    expect([code, JSON.parse(out)]).toMatchObject([2, { delivered: 2, refusedFiles }]);
    const forPerson = await heapq(['enqueue', '--check', none, cut, good], {});
    expect(forPerson.out).toMatch(
      /^3 files: 2 events.*\n(?:.*\n)*.*none\.bin is a Parquet file.*\n.*cut\.json is incomplete/,
    );
    const alone = await heapq(['enqueue', '--check', none], {});
    expect([alone.code, alone.out, alone.error]).toEqual([2, '', expect.stringMatching(/none\.bin is a Parquet file/)]);
  });

  test('accepts a valid file', async () => {
    expect(await heapq(['enqueue', '--check', fileOf('good.json', JSON.stringify(events(5)))], {})).toMatchObject({
      code: 0,
    });
  });
});

describe('an error is reported in one line', () => {
  const nowhere = { AWS_ENDPOINT_URL_SQS: 'http://127.0.0.1:9', AWS_MAX_ATTEMPTS: '1' };
  const good = fileOf('good.ndjson', ndjson(events(3)));

  test.each<[string, readonly string[], (environment: NodeJS.ProcessEnv) => NodeJS.ProcessEnv, RegExp]>([
    [
      'a missing file',
      ['enqueue', '/nowhere/a.ndjson'],
      (env) => env,
      /^The file does not exist\. \(ENOENT.*\/nowhere\/a\.ndjson/,
    ],
    ['an empty folder', ['enqueue', mkdtempSync(join(folder, 'empty-'))], (env) => env, /is a folder without files$/],
    [
      'the file of --skip-bad among those that are loaded',
      ['enqueue', good, '--skip-bad', join(dirname(good), '.', basename(good))],
      (env) => env,
      /^--skip-bad \S+good\.ndjson is one of the files to load: name another one$/,
    ],
    [
      'the file of --skip-bad in a folder that is loaded',
      ['enqueue', dirname(good), '--skip-bad', join(dirname(good), 'bad.ndjson')],
      (env) => env,
      /^--skip-bad \S+bad\.ndjson is in \S+, which is loaded: name another folder$/,
    ],
    [
      'a URL',
      ['enqueue', 's3://b/a.gz'],
      (env) => env,
      /: aws s3 cp s3:\/\/b\/a\.gz - \| npm run -s heapq -- enqueue -$/,
    ],
    [
      'invalid JSON in a line',
      ['enqueue', fileOf('bad.ndjson', `${ndjson(events(2))}{"a":\n${ndjson(events(1))}`)],
      (env) => env,
      /bad\.ndjson, line 3 is not valid JSON: /,
    ],
    [
      'invalid JSON in an array',
      ['enqueue', fileOf('bad.json', `[${JSON.stringify(event(1))},\n\n{oops}]`)],
      (env) => env,
      /bad\.json, line 3 is not valid JSON: /,
    ],
    [
      'a truncated array',
      ['enqueue', fileOf('cut.json', '[{"type":"track"},\n{"type":')],
      (env) => env,
      /cut\.json is incomplete: the JSON array is truncated, in line 2\. Download or export it again$/,
    ],
    [
      'truncated gzip',
      ['enqueue', fileOf('cut.gz', gzipSync(ndjson(events(500))).subarray(0, 400))],
      (env) => env,
      /^the gzip file .*cut\.gz is damaged or truncated\. Download or export it again$/,
    ],
    [
      'no credentials',
      ['enqueue', good],
      (env) => ({ ...env, AWS_ACCESS_KEY_ID: undefined, AWS_SECRET_ACCESS_KEY: undefined }),
      /^No AWS credentials were found/,
    ],
    [
      'an unknown queue',
      ['enqueue', good],
      (env) => ({ ...env, QUEUE_URL: `${sqsEndpoint()}/000000000000/nowhere` }),
      /^The queue does not exist/,
    ],
    ['no answer', ['dead-letters', 'list'], (env) => ({ ...env, ...nowhere }), /^The connection was refused/],
    [
      'no region',
      ['dead-letters', 'list', '--stack', 's'],
      (env) => ({ ...env, AWS_REGION: undefined }),
      /^No AWS region is set: set AWS_REGION\./,
    ],
    ['no queue named', ['dead-letters', 'list'], () => ({}), /^No queues are given: use --stack NAME/],
    [
      'an invalid time',
      ['dead-letters', 'list', '--since', 'yesterday'],
      (env) => env,
      /argument 'yesterday' is invalid\. It has to be a date/,
    ],
    ['an invalid rate', ['enqueue', good, '--rate', '-1'], (env) => env, /It has to be a number greater than 0/],
    [
      'an event that is too large for a message',
      [
        'enqueue',
        fileOf('large.ndjson', ndjson([event(1), { ...event(2), blob: randomBytes(1_100_000).toString('base64') }])),
      ],
      (env) => env,
      /large\.ndjson, line 2 is too large for an SQS message: \d+ bytes even when compressed/,
    ],
    [
      'half a second',
      ['dead-letters', 'list', '--visibility-timeout', '0.5'],
      (env) => env,
      /It has to be a whole number, 1 or more/,
    ],
    ['an unknown command', ['dead-letters', 'burn'], (env) => env, /unknown command 'burn'/],
  ])('%s', async (_, args, change, message) => {
    const { code, error } = await heapq(args, change(environmentFor(queues)));
    expect([code, error.trim()]).toEqual([2, expect.stringMatching(message)]);
    expect(error.trim().split('\n')).toHaveLength(1);
  });

  test('no permission', async () => {
    await using denying = await startLoopbackServer(0, (request, response) => {
      request.resume();
      const body = JSON.stringify({
        __type: 'com.amazonaws.sqs#AccessDenied',
        message: 'User is not authorized to perform: sqs:sendmessage',
      });
      response.writeHead(403, { 'content-type': 'application/x-amz-json-1.0' }).end(body);
    });
    const { code, error } = await heapq(['enqueue', good], {
      ...environmentFor(queues),
      AWS_ENDPOINT_URL_SQS: denying.url,
    });
    expect([code, error]).toEqual([
      2,
      expect.stringMatching(/^The AWS credentials lack a permission\. \(User is not authorized/),
    ]);
  });
});

describe('--stack', () => {
  async function withStack(
    stack: Parameters<typeof startCloudFormation>[0],
    work: (environment: NodeJS.ProcessEnv, requests: () => number) => Promise<void>,
  ) {
    await using cloudFormation = await startCloudFormation(stack);
    const { QUEUE_URL: _, DEAD_LETTER_QUEUE_URL: __, ...environment } = environmentFor(queues);
    await work({ ...environment, AWS_ENDPOINT_URL_CLOUDFORMATION: cloudFormation.url }, cloudFormation.requests);
  }
  const ours = () => ({ QueueUrl: queues.queueUrl, DeadLetterQueueUrl: queues.deadLetterQueueUrl });

  test('finds the queues in the stack’s outputs, with one look for all files', async () => {
    await withStack({ outputs: ours() }, async (environment, requests) => {
      const files = [0, 1, 2].map((index) => fileOf('a.ndjson', ndjson([event(index)])));
      expect(await heapq(['enqueue', ...files, '--stack', 's'], environment)).toMatchObject({ code: 0, error: '' });
      expect(await eventsInQueue()).toEqual(events(3));
      expect(requests()).toBe(1);
    });
  });

  test('--check maps with the settings of the stack, unless --config names others, and says with which', async () => {
    const file = fileOf('a.ndjson', ndjson(events(2)));
    const parameters = { DestinationConfig: '{"appId":"4711","idempotencyKey":"messageId"}' };
    await withStack({ outputs: ours(), parameters }, async (environment, requests) => {
      const check = ['enqueue', '--check', file, file, '--stack', 's'];
      const { code, out } = await heapq(check, environment);
      expect([code, out]).toEqual([0, expect.stringContaining('mapped with the settings of the stack s\n')]);
      expect(out).toMatch(/"app_id":"4711".*"idempotency_key":"m-0"/);
      expect(requests()).toBe(1);
      const config = fileOf('settings.json', '{"appId":"12"}');
      const others = await heapq([...check, '--config', config, '--json'], environment);
      expect(JSON.parse(others.out)).toMatchObject({
        settings: config,
        shapes: { events: { first: { body: { app_id: '12' } } } },
      });
      expect(await countMessages(client, queues.queueUrl)).toBe(0);
    });
  });

  test('reports a stack without these outputs', async () => {
    await withStack({ outputs: { Something: 'else' } }, async (environment) => {
      const { code, error } = await heapq(['dead-letters', 'list', '--stack', 's'], environment);
      expect([code, error]).toEqual([
        2,
        expect.stringMatching(/^The stack s has no outputs QueueUrl and DeadLetterQueueUrl/),
      ]);
    });
  });
});

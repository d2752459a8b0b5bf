import fc from 'fast-check';
import { LIMITS } from '../../lib/heap/api.ts';
import { isObject } from '../../lib/json.ts';
import { decide } from '../../lib/mapping/decide.ts';
import { settingsWith } from '../support/settings.ts';
import type { HeapFailure, HeapFault } from '../../local/virtual/heap-transport.ts';
import { CALM, runWorld, type World, type WorldOptions } from '../../local/virtual/world.ts';

/** Single situations in virtual time; random mixtures of them are in ../chaos.test.ts. */
function run(options: Partial<WorldOptions>): Promise<World> {
  return runWorld({ ...CALM, bodies: [], ...options });
}

const event = (index: number, userId = `u-${index}`): { body: string } => ({
  body: JSON.stringify({ type: 'track', event: 'A', userId, messageId: `m-${index}`, properties: { index } }),
});
const events = (count: number, userId?: string): { body: string }[] =>
  Array.from({ length: count }, (_, index) => event(index, userId));
const down = (requests: number): HeapFault[] =>
  Array.from({ length: requests }, () => ({ kind: 'status', status: 503 }));
const indexesOf = ({ heap }: World): unknown[] =>
  heap.contents().events.map(({ properties }) => Object.values(properties ?? {})[0]);
const HOUR_MS = 60 * 60 * 1000;

test('an hour of Heap being unavailable costs a request every 30 s, and then everything comes through', async () => {
  // Twelve failures open the circuit; from then on one request in 30 s probes.
  const requests = 12 + HOUR_MS / 30_000;
  const world = await run({ bodies: events(500), heapFaults: down(requests) });
  const outageMs = Math.min(...world.taken.map(({ sentAt }) => sentAt)) - world.startedAt;
  expect(world.attempts.filter(({ result }) => result === 503)).toHaveLength(requests);
  expect(outageMs).toBeGreaterThanOrEqual(HOUR_MS);
  // There was no lack of invocations that could have sent more.
  expect(
    world.reports.filter(({ outcomes }) => outcomes.every(({ kind }) => kind === 'deferred')).length,
  ).toBeGreaterThan(10 * requests);
  expect(world.problems).toEqual([]);
  expect(world.heap.contents().events).toHaveLength(500);
  expect(world.deadLetters).toEqual([]);
});

test.each<[string, HeapFailure]>([
  ['silent', { kind: 'silence', isStored: false }],
  ['down', { kind: 'status', status: 503 }],
])('an endpoint for user properties that is %s holds up no event, not even of the same record', async (_, what) => {
  const identify = JSON.stringify({ type: 'identify', userId: 'u-1', traits: { plan: 'pro' } });
  const world = await run({
    bodies: [{ body: `{"batch":[${identify},${event(1).body}]}` }, { body: identify }, event(2)],
    outages: [{ fromMs: 0, toMs: Infinity, what, call: 'add_user_properties' }],
  });
  expect(indexesOf(world).toSorted()).toEqual([1, 2]);
  expect(Math.max(...world.taken.map(({ sentAt }) => sentAt)) - world.startedAt).toBeLessThan(60_000);
  expect(world.problems).toEqual([]);
});

describe('the retry time', () => {
  /** When each dead letter was written, counted from the first receive of its record, in ms. */
  const agesOf = ({ deadLetters, startedAt }: World): readonly number[] =>
    deadLetters.map(({ attributes }) => Date.parse(attributes?.['failedAt']?.StringValue ?? '') - startedAt);
  const reasonsOf = ({ deadLetters }: World): ReadonlySet<unknown> =>
    new Set(deadLetters.map(({ attributes }) => attributes?.['reason']?.StringValue));
  /** As long as the longest of template.yaml. It spares the test most of the invocations, in which nothing is sent. */
  const BATCH_WINDOW_MS = 60_000;
  /** More requests than any of these runs makes. */
  const FOR_EVER = 100_000;

  test('500 events with Heap down from the start are given up when it is over, each with the last cause', async () => {
    const world = await run({ bodies: events(500), heapFaults: down(FOR_EVER), batchWindowMs: BATCH_WINDOW_MS });
    const ages = agesOf(world);
    expect(world.problems).toEqual([]);
    expect(ages).toHaveLength(500);
    expect(reasonsOf(world)).toEqual(new Set(['retries_exhausted']));
    for (const { attributes } of world.deadLetters) {
      expect(attributes?.['detail']?.StringValue).toMatch(/^(heap_error: |circuit_open: .*at last: )Heap answered 503/);
    }
    expect(Math.min(...ages)).toBeGreaterThanOrEqual(48 * HOUR_MS);
    // An invocation may be under way when they come back.
    expect(Math.max(...ages)).toBeLessThanOrEqual(48 * HOUR_MS + 2 * 60_000);
  });

  test('an outage of ten hours leaves no dead letter', async () => {
    // The first four requests open the circuit; after that one is sent every 30 s.
    const world = await run({ bodies: events(500), heapFaults: down(4 + 10 * 120), batchWindowMs: BATCH_WINDOW_MS });
    expect(Math.min(...world.taken.map(({ sentAt }) => sentAt)) - world.startedAt).toBeGreaterThanOrEqual(10 * HOUR_MS);
    expect(world.problems).toEqual([]);
    expect(world.deadLetters).toEqual([]);
    expect(world.heap.contents().events).toHaveLength(500);
  });

  test('with many apps and a Heap that never answers nothing is given up before it is over, and all of it then', async () => {
    const bodies = Array.from({ length: 1000 }, (_, index) => ({
      body: JSON.stringify({ ...JSON.parse(event(index).body), traits: { app: `app-${index}` } }),
    }));
    const config = { appId: '{{ message.traits.app || 1 }}' };
    const silence: HeapFault = { kind: 'silence', isStored: false };
    const heapFaults = Array.from({ length: FOR_EVER }, () => silence);
    const world = await run({ bodies, config, heapFaults, retryHours: 2 });
    const ages = agesOf(world);
    expect(world.problems).toEqual([]);
    expect(world.queue.moved).toEqual([]);
    expect(ages).toHaveLength(1000);
    expect(reasonsOf(world)).toEqual(new Set(['retries_exhausted']));
    expect(Math.min(...ages)).toBeGreaterThanOrEqual(2 * HOUR_MS);
    // The longest backoff is 5 minutes; the last invocation is not short.
    expect(Math.max(...ages)).toBeLessThanOrEqual(2 * HOUR_MS + 20 * 60_000);
    // Most events find no time in most invocations. They do not come back at once, or SQS's limit of receives would end them.
    const receives = world.deadLetters.map(({ attributes }) => Number(attributes?.['receiveCount']?.StringValue));
    expect(Math.max(...receives)).toBeLessThan(40);
  });

  test('is over for a record with more events of one identity than Heap takes, too', async () => {
    const batch = events(1500, 'noisy').map(({ body }): unknown => JSON.parse(body));
    const world = await run({
      bodies: [{ body: JSON.stringify({ batch }) }],
      heapFaults: down(FOR_EVER),
      retryHours: 1,
    });
    expect(world.problems).toEqual([]);
    expect(world.queue.moved).toEqual([]);
    expect(reasonsOf(world)).toEqual(new Set(['retries_exhausted']));
    expect(Math.min(...agesOf(world))).toBeGreaterThanOrEqual(HOUR_MS);
    expect(Math.max(...agesOf(world))).toBeLessThanOrEqual(27 * HOUR_MS);
  });
});

describe('one noisy identity', () => {
  test('does not delay the others: they are delivered at once, its surplus as its own limit allows', async () => {
    const noisy = Array.from({ length: 2500 }, (_, index) => event(index, 'noisy'));
    const quiet = Array.from({ length: 500 }, (_, index) => event(10_000 + index));
    const world = await run({ bodies: [...noisy, ...quiet], batchSize: 10_000 });
    const [first] = world.reports;
    expect(first?.outcomes.filter(({ kind }) => kind === 'delivered')).toHaveLength(1500);
    expect(first?.outcomes.filter((outcome) => outcome.kind === 'deferred').map(({ reason }) => reason)).toEqual(
      Array.from({ length: 1500 }, () => 'paced_identity'),
    );
    expect(world.heap.contents().events).toHaveLength(3000);
    expect(world.heap.counts().overLimit).toBe(0);
    expect(world.durationMs).toBeLessThan(4 * 60_000);
  });

  test('is not given up while it waits for its limit, however often that takes', async () => {
    const world = await run({ bodies: events(6000, 'noisy'), retryHours: 0, maximumConcurrency: 2 });
    expect(world.deadLetters).toEqual([]);
    expect(world.heap.contents().events).toHaveLength(6000);
    expect(world.heap.counts().overLimit).toBe(0);
  });
});

/** Sends a backlog through several containers. Returns the share of Heap's limit that it uses in five minutes. */
async function shareOfLimit(maximumConcurrency: number): Promise<number> {
  const world = await run({ bodies: events(100_000), maximumConcurrency, steadyLatencyMs: 200 });
  expect(world.heap.counts().byStatus).toEqual({ 200: world.heap.counts().requests });
  expect(world.heap.contents().events).toHaveLength(100_000);
  const inFiveMinutes = world.taken
    .filter(({ sentAt }) => sentAt >= world.startedAt + 60_000 && sentAt < world.startedAt + 360_000)
    .reduce((sum, one) => sum + one.events, 0);
  return inFiveMinutes / (5 * LIMITS.eventsPerMinute);
}

test.each([
  [98, 2],
  [98, 3],
  [97, 4],
])(
  'a backlog is sent at %i %% of Heap’s limit or more, with %i containers and without a 429',
  async (percent, containers) => {
    expect(await shareOfLimit(containers)).toBeGreaterThanOrEqual(percent / 100);
  },
);

test('one bad event among 500 makes a backlog send less than a third more entries, and no request exceeds a limit', async () => {
  const isBad = (index: number): boolean => index % 500 === 250;
  const bodies = Array.from({ length: 800 }, (_, record) => ({
    body: JSON.stringify({
      batch: Array.from({ length: 25 }, (__, place) => {
        const index = record * 25 + place;
        return {
          type: 'track',
          event: 'A',
          userId: `u-${index}`,
          messageId: `m-${index}`,
          properties: { isBad: isBad(index) },
        };
      }),
    }),
  }));
  const world = await run({
    bodies,
    batchSize: 40,
    isBad: ({ properties }) => isObject(properties) && properties['isBad'] === true,
  });
  const sent = world.attempts.reduce((sum, { entries }) => sum + entries, 0);
  expect(sent).toBeLessThan((20_000 * 4) / 3);
  expect(world.heap.counts().overLimit).toBe(0);
  expect(world.heap.contents().events).toHaveLength(20_000 - 40);
  expect(world.deadLetters).toHaveLength(40);
});

describe('a FIFO queue', () => {
  const grouped = (groupId: string, index: number): { body: string; groupId: string } => ({
    ...event(index, groupId),
    groupId,
  });

  test('holds back the later user properties of a group behind a deferred record, and only those', async () => {
    const app = (id: string, index: number, type = 'track'): string =>
      JSON.stringify({
        type,
        event: 'A',
        userId: `u-${index}`,
        messageId: `m-${index}`,
        traits: { app: id },
        properties: { index },
      });
    const world = await run({
      isFifo: true,
      batchSize: 10,
      config: { appId: '{{ message.traits.app || 1 }}' },
      // The events of app 1 go out in the first request, those of app 2 in the second.
      bodies: [
        { body: app('1', 0), groupId: 'a' },
        { body: app('2', 1), groupId: 'b' },
        { body: app('2', 2, 'identify'), groupId: 'a' },
        { body: app('2', 3), groupId: 'c' },
        { body: app('2', 4), groupId: 'a' },
      ],
      heapFaults: [{ kind: 'status', status: 503, retryAfter: '900' }],
    });
    const [first] = world.reports;
    expect(first?.outcomes.map((outcome) => (outcome.kind === 'deferred' ? outcome.reason : outcome.kind))).toEqual([
      'heap_error',
      'delivered',
      'fifo_order',
      'delivered',
      'delivered',
    ]);
    expect(indexesOf(world).toSorted()).toEqual([0, 1, 3, 4]);
  });

  test('leaves the user properties of an identity as the last record of the group has set them, whatever fails', async () => {
    const identify = (index: number): { body: string; groupId: string } => ({
      groupId: 'u',
      body: JSON.stringify({
        type: 'identify',
        userId: 'u',
        messageId: `m-${index}`,
        traits: { plan: `p-${index}` },
        timestamp: new Date(index * 1000).toISOString(),
      }),
    });
    const fault = fc.constantFrom<HeapFault>(
      { kind: 'none' },
      { kind: 'status', status: 503 },
      { kind: 'cut', isStored: true },
      { kind: 'silence', isStored: true },
    );
    await fc.assert(
      fc.asyncProperty(
        fc.integer(),
        fc.array(fault, { maxLength: 20 }),
        fc.integer({ min: 1, max: 25 }),
        async (seed, heapFaults, count) => {
          const bodies = Array.from({ length: count }, (_, index) => identify(index));
          const world = await run({ seed, isFifo: true, batchSize: 10, maximumConcurrency: 2, bodies, heapFaults });
          expect(world.heap.contents().users).toMatchObject([{ properties: { plan: `p-${count - 1}` } }]);
        },
      ),
      { numRuns: 100 },
    );
  });

  test('does not make groups wait for each other', async () => {
    const world = await run({
      isFifo: true,
      batchSize: 10,
      bodies: [grouped('a', 1), grouped('b', 2), grouped('a', 3)],
    });
    expect(indexesOf(world).toSorted()).toEqual([1, 2, 3]);
    expect(world.invocations).toBe(1);
  });
});

test('the handler is back before its deadline, however slow Heap and SQS are', async () => {
  const heapLatency = fc.integer({ min: 0, max: 30_000 });
  // For dead letters and for visibility timeouts; the longest calls are longer than an invocation.
  const queueLatency = fc.integer({ min: 0, max: 90_000 });
  // Heap refuses an event, so that a dead letter is due.
  const isBad = (entry: object): boolean => JSON.stringify(entry).includes('"index":7}');
  await fc.assert(
    fc.asyncProperty(
      fc.integer(),
      fc.array(heapLatency, { minLength: 1, maxLength: 40 }),
      fc.array(queueLatency, { minLength: 1, maxLength: 8 }),
      async (seed, latenciesMs, queueLatenciesMs) => {
        const world = await run({ seed, bodies: events(100), latenciesMs, queueLatenciesMs, isBad });
        expect(world.problems).toEqual([]);
        expect(world.heap.contents().events).toHaveLength(99);
        // A call that was given up may have been obeyed, so that the dead letter is sent a second time.
        expect(world.deadLetters.length).toBeGreaterThan(0);
      },
    ),
    { numRuns: 200 },
  );
});

describe('whatever bodies hold', () => {
  const samples = [
    event(1).body,
    JSON.stringify({ batch: [JSON.parse(event(2).body), { type: 'page' }, 5] }),
    '{"type":"identify","userId":"u","traits":{"a":[1,{"b":null}]}}',
  ];
  const mutated = fc
    .tuple(
      fc.constantFrom(...samples),
      fc.array(fc.tuple(fc.nat(200), fc.string({ unit: 'binary', maxLength: 3 })), { maxLength: 6 }),
    )
    .map(([sample, changes]) =>
      changes.reduce((text, [at, insert]) => text.slice(0, at) + insert + text.slice(at + 1), sample),
    );
  const bodies = fc.oneof(
    mutated,
    fc.tuple(fc.constantFrom(...samples), fc.nat(200)).map(([sample, length]) => sample.slice(0, length)),
    fc.uint8Array({ maxLength: 100 }).map((bytes) => Buffer.from(bytes).toString('latin1')),
    fc.uint8Array({ maxLength: 100 }).map((bytes) => Buffer.from(bytes).toString('base64')),
    fc.json(),
  );

  test('the handler does not throw, their neighbours are delivered, and each rejection has its dead letter', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(bodies, { minLength: 1, maxLength: 10 }), async (fuzzed) => {
        const world = await run({
          bodies: [event(100), ...fuzzed.map((body) => ({ body })), event(101)],
          isBad: ({ event: name }) => name === undefined,
        });
        expect(world.problems).toEqual([]);
        expect(indexesOf(world)).toEqual(expect.arrayContaining([100, 101]));
        const outcomes = world.reports.flatMap((report) => report.outcomes);
        expect(outcomes.filter(({ kind }) => kind === 'rejected')).toHaveLength(world.deadLetters.length);
        expect(outcomes.length).toBeGreaterThanOrEqual(fuzzed.length + 2);
      }),
      { numRuns: 500 },
    );
  });
});

test('an event without a messageId has the same idempotency key on every delivery', () => {
  const body: unknown = JSON.parse('{"type":"track","event":"A","userId":"u","properties":{"n":1}}');
  const key = (): unknown => {
    const decision = decide(Object(body), settingsWith());
    return decision.kind === 'mapped' && decision.call.kind === 'track'
      ? decision.call.payload.idempotency_key
      : undefined;
  };
  expect(key()).toEqual(expect.stringMatching(/^[0-9a-f]{64}$/));
  expect(key()).toBe(key());
});

test('the first of 1000 events in one record is bad, and every request takes nine seconds: bisecting finds it all the same', async () => {
  const isBad = (entry: object): boolean => JSON.stringify(entry).includes('"index":0}');
  const batch = events(1000).map(({ body }): unknown => JSON.parse(body));
  const world = await run({ bodies: [{ body: JSON.stringify({ batch }) }], steadyLatencyMs: 9000, isBad });
  expect(world.heap.contents().events).toHaveLength(999);
  expect(world.deadLetters.map(({ attributes }) => attributes?.['reason']?.StringValue)).toEqual(['heap_refused']);
  expect(world.invocations).toBeLessThan(15);
});

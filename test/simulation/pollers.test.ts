import { startPollers, type InvocationEnd, type PollerOptions } from '../../simulation/model/pollers.ts';
import { createScheduler } from '../../simulation/model/scheduler.ts';
import { createQueue, type Received } from '../../simulation/model/sqs.ts';

const INVOCATION_MS = 2000;
const UNTIL_MS = 3 * 60 * 60 * 1000;

interface Invocation {
  readonly at: number;
  readonly bodies: readonly string[];
  readonly receiveCounts: readonly number[];
}

interface Setup extends Partial<PollerOptions<string>> {
  /** When each message is sent, in ms. */
  readonly sent: Readonly<Record<string, number>>;
  readonly end?: (batch: readonly Received<string>[], invocation: number) => InvocationEnd<string>;
}

const NONE_FAILED: InvocationEnd<string> = { kind: 'answered', failed: new Set() };

/** Runs until nothing happens any more, and returns the invocations. */
async function run({ sent, end = () => NONE_FAILED, ...options }: Setup): Promise<readonly Invocation[]> {
  const scheduler = createScheduler();
  const random = (): number => 0.5;
  const limits = { visibilityTimeoutMs: 60_000, maxReceiveCount: 10, retentionMs: UNTIL_MS };
  const queue = createQueue<string>({ now: scheduler.now, random, ...limits, onGivenUp: () => undefined });
  const invocations: Invocation[] = [];
  for (const [body, at] of Object.entries(sent)) scheduler.at(at, () => queue.send(body));
  startPollers({
    scheduler,
    queue,
    random,
    batchSize: 3,
    batchWindowMs: 5000,
    concurrency: () => 1,
    isPolling: () => true,
    mayGetMore: () => scheduler.now() < 60_000,
    duplicateShare: 0,
    invoke(batch, done) {
      const bodies = batch.map(({ body }) => body).toSorted();
      invocations.push({ at: scheduler.now(), bodies, receiveCounts: batch.map(({ receiveCount }) => receiveCount) });
      const result = end(batch, invocations.length);
      scheduler.at(scheduler.now() + INVOCATION_MS, () => done(result));
    },
    ...options,
  });
  await scheduler.run(UNTIL_MS);
  return invocations;
}

const timesAndBodies = (invocations: readonly Invocation[]): readonly string[] =>
  invocations.map(({ at, bodies }) => `${at}: ${bodies.join(' ')}`);

test('a full batch goes at once, and one that is not full when its window is over', async () => {
  const invocations = await run({ sent: { a: 0, b: 0, c: 1000, d: 10_000 } });
  expect(timesAndBodies(invocations)).toEqual(['1000: a b c', '15000: d']);
});

test('without a window each batch goes at once', async () => {
  const invocations = await run({ sent: { a: 0, b: 10_000, c: 10_000 }, batchWindowMs: 0 });
  expect(timesAndBodies(invocations)).toEqual(['0: a', '10000: b c']);
});

test('no more invocations run at once than may, and the next one starts when one ends', async () => {
  const sent = Object.fromEntries(['a', 'b', 'c', 'd', 'e', 'f', 'g'].map((body) => [body, 0]));
  const two = await run({ sent, batchSize: 2, concurrency: () => 2, batchWindowMs: 0 });
  expect(two.map(({ at, bodies }) => `${at}: ${bodies.length}`)).toEqual(['0: 2', '0: 2', '2000: 2', '2000: 1']);
});

test('a record that fails comes back after its visibility timeout, and the others do not', async () => {
  const invocations = await run({
    sent: { a: 0, b: 0, c: 0 },
    end: (batch, invocation) =>
      invocation === 1 ? { kind: 'answered', failed: new Set(batch.filter(({ body }) => body === 'b')) } : NONE_FAILED,
  });
  // 60 s after the receive, and 5 s of batch window.
  expect(timesAndBodies(invocations)).toEqual(['0: a b c', '65000: b']);
  expect(invocations[1]?.receiveCounts).toEqual([2]);
});

test('after an invocation that fails, all records come back', async () => {
  const end = (_: unknown, invocation: number): InvocationEnd<string> =>
    invocation === 1 ? { kind: 'failed' } : NONE_FAILED;
  expect(timesAndBodies(await run({ sent: { a: 0, b: 0, c: 0 }, end }))).toEqual(['0: a b c', '60000: a b c']);
});

test('nothing is received while Lambda does not poll', async () => {
  let looks = 0;
  const isPolling = (): boolean => {
    looks += 1;
    return looks > 41;
  };
  expect(timesAndBodies(await run({ sent: { a: 0, b: 0, c: 0 }, isPolling }))).toEqual(['10250: a b c']);
});

test('a message that SQS delivers twice is invoked twice, and deleted in the end', async () => {
  const invocations = await run({
    sent: { a: 0 },
    batchSize: 1,
    batchWindowMs: 0,
    concurrency: () => 2,
    duplicateShare: 1,
  });
  expect(invocations.length).toBeGreaterThan(1);
  expect(invocations.every(({ bodies }) => bodies.join() === 'a')).toBe(true);
  expect(invocations.flatMap(({ receiveCounts }) => receiveCounts).slice(0, 2)).toEqual([1, 2]);
});

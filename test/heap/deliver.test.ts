import { createAdaptiveBatchSize } from '../../lib/heap/adaptive-batch-size.ts';
import { EXTRA_REQUESTS } from '../../lib/heap/bisect.ts';
import type { BulkRequest, PendingCall } from '../../lib/heap/bulk.ts';
import type { HeapClient, SendResult } from '../../lib/heap/client.ts';
import { createDeliver } from '../../lib/heap/deliver.ts';
import { createRateLimiter } from '../../lib/heap/rate-limiter.ts';
import { deferred } from '../../lib/outcome.ts';
import { nameOf, namesIn, trackOf, tracksOf, userOf } from './calls.ts';

const RATE_LIMITS = { perApp: 100, perIdentity: 10, windowMs: 60_000 };
const DEADLINE = 50_000;
const accepted: SendResult = { kind: 'delivered' };
const refused: SendResult = { kind: 'refused', status: 400, detail: 'Heap answered 400' };

/** Delivers through a client that answers as told. */
function start(send: HeapClient['send'] = async () => accepted, rateLimits = RATE_LIMITS) {
  const requests: BulkRequest[] = [];
  const deadlines = new Set<number>();
  const rateLimiter = createRateLimiter(rateLimits);
  const batchSize = createAdaptiveBatchSize();
  const client: HeapClient = {
    send(request, deadline) {
      requests.push(request);
      deadlines.add(deadline);
      return send(request, deadline);
    },
  };
  const clock = { now: () => 0, sleep: async () => undefined };
  const deliver = createDeliver({ client, rateLimiter, rateLimits, batchSize, clock });
  async function run(calls: readonly PendingCall[]): Promise<Record<string, string>> {
    const outcomes = await deliver(calls, DEADLINE);
    return Object.fromEntries(
      [...outcomes].map(([call, outcome]) => [
        nameOf(call),
        outcome.kind === 'delivered' ? 'delivered' : outcome.reason,
      ]),
    );
  }
  return { deliver, run, requests, deadlines, rateLimiter, batchSize };
}

test('every call gets the outcome of the entry that carried it, merged and repeated ones included', async () => {
  const { deliver, requests, deadlines } = start();
  const calls = [
    trackOf('e-0'),
    trackOf('e-0'),
    userOf('u', { a: 1 }),
    userOf('u', { b: 2 }),
    trackOf('e-1', { appId: '22' }),
  ];
  const outcomes = await deliver(calls, DEADLINE);
  expect(calls.map((call) => outcomes.get(call))).toEqual(calls.map(() => accepted));
  const sent = (wanted: string): unknown[] =>
    requests.filter(({ appId }) => appId === wanted).map(({ kind, entries }) => [kind, entries.length]);
  expect(sent('11')).toEqual([
    ['add_user_properties', 1],
    ['track', 1],
  ]);
  expect(sent('22')).toEqual([['track', 1]]);
  expect([...deadlines]).toEqual([DEADLINE]);
});

test('nothing to deliver is no request', async () => {
  const { run, requests } = start();
  expect(await run([])).toEqual({});
  expect(requests).toEqual([]);
});

describe('apps', () => {
  test('do not wait for each other: an app whose request takes long does not hold up the next', async () => {
    const begun = Promise.withResolvers<void>();
    // The first app is answered once the second one has been asked. One after the other, this would never end.
    const { run } = start(async ({ appId }) => {
      if (appId === '1') await begun.promise;
      else begun.resolve();
      return accepted;
    });
    const calls = [trackOf('e-0', { appId: '1' }), trackOf('e-1', { appId: '2' })];
    expect(await run(calls)).toEqual({ 'e-0': 'delivered', 'e-1': 'delivered' });
  });

  test('are under way eight at once', async () => {
    let underWay = 0;
    let mostUnderWay = 0;
    const { run } = start(async () => {
      underWay += 1;
      mostUnderWay = Math.max(mostUnderWay, underWay);
      await new Promise(setImmediate);
      underWay -= 1;
      return accepted;
    });
    await run(Array.from({ length: 20 }, (_, index) => trackOf(`e-${index}`, { appId: String(index) })));
    expect(mostUnderWay).toBe(8);
  });

  test('share one bound on the extra requests of an invocation', async () => {
    // Of eight entries each the first is bad: six more requests an app.
    const { run, requests } = start(async (request) => (namesIn(request).includes('e-0') ? refused : accepted));
    const calls = Array.from({ length: 50 }, (_, app) => tracksOf(8, { appId: `app-${app}` })).flat();
    await run(calls);
    expect(requests).toHaveLength(50 + EXTRA_REQUESTS);
  });
});

describe('an identity with more events than its limit has room for', () => {
  test('sends what there is room for, and the rest queues for its own window', async () => {
    const { deliver, requests } = start();
    const calls = tracksOf(13, { identity: 'noisy' });
    const outcomes = await deliver(calls, DEADLINE);
    expect(requests.map(({ entries }) => entries.length)).toEqual([10]);
    expect(calls.slice(10).map((call) => outcomes.get(call))).toEqual(
      [0, 6000, 12_000].map((wait) =>
        // The stub sends without taking room, so that the first turn is now.
        deferred('paced_identity', "no room within Heap's rate limit yet", { retryAfterMs: wait }),
      ),
    );
  });

  test('does not delay the others', async () => {
    const { run } = start();
    const outcomes = await run([...tracksOf(30, { identity: 'noisy' }), trackOf('quiet')]);
    expect(outcomes['quiet']).toBe('delivered');
  });

  test('has no limit for user properties', async () => {
    const { run, requests } = start();
    const calls = Array.from({ length: 300 }, (_, index) => userOf(`u-${index}`, { [`p-${index}`]: 1 }));
    const outcomes = await run(calls);
    expect(new Set(Object.values(outcomes))).toEqual(new Set(['delivered']));
    expect(requests.map(({ entries }) => entries.length)).toEqual([300]);
  });
});

test('the quietest identities go first, so that a request that finds no room holds the events of a noisy one', async () => {
  const { run, requests } = start();
  const noisy = Array.from({ length: 5 }, (_, index) => trackOf(`noisy-${index}`, { identity: 'noisy' }));
  const busy = Array.from({ length: 2 }, (_, index) => trackOf(`busy-${index}`, { identity: 'busy' }));
  await run([...noisy, ...busy, trackOf('quiet')]);
  expect(requests.flatMap(namesIn)).toEqual([
    'quiet',
    'busy-0',
    'busy-1',
    'noisy-0',
    'noisy-1',
    'noisy-2',
    'noisy-3',
    'noisy-4',
  ]);
});

test('events that the client finds no room for get turns one behind the other', async () => {
  const { deliver } = start(async () => deferred('paced_app', 'no room', { retryAfterMs: 1 }));
  const calls = tracksOf(3);
  const outcomes = await deliver(calls, DEADLINE);
  expect(calls.map((call) => outcomes.get(call))).toMatchObject(
    [0, 600, 1200].map((retryAfterMs) => ({ kind: 'deferred', reason: 'paced_app', retryAfterMs })),
  );
});

test('other deferrals keep the wait that Heap has asked for', async () => {
  const { deliver } = start(async () => deferred('heap_throttled', 'slow down', { retryAfterMs: 7000 }));
  const call = trackOf('e-0');
  expect((await deliver([call], DEADLINE)).get(call)).toMatchObject({ reason: 'heap_throttled', retryAfterMs: 7000 });
});

describe('the size of a request', () => {
  test('is never more than an app may send in a window: it would find room never', async () => {
    const { run, requests } = start();
    await run(tracksOf(250));
    expect(requests.map(({ entries }) => entries.length)).toEqual([100, 100, 50]);
  });

  test('is what the last invocation has learned, of events and of user properties', async () => {
    const { run, requests, batchSize } = start();
    batchSize.learn('11', 2);
    await run([...tracksOf(3), ...['a', 'b', 'c'].map((user) => userOf(user, { [user]: 1 }))]);
    expect(requests.map(namesIn)).toEqual([['a', 'b'], ['c'], ['e-0', 'e-1'], ['e-2']]);
  });

  test('falls when bisecting did not end, and recovers when it did', async () => {
    let isOutOfTime = true;
    const { run, batchSize } = start(async (request) => {
      if (!isOutOfTime) return accepted;
      return request.entries.length > 10 ? refused : deferred('out_of_time', 'the invocation ended');
    });
    await run(tracksOf(40));
    expect(batchSize.of('11')).toBe(10);
    isOutOfTime = false;
    await run(tracksOf(40));
    expect(batchSize.of('11')).toBe(40);
  });
});

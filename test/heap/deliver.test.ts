import fc from 'fast-check';
import { createAcceptances, pausedMs } from '../../lib/heap/acceptances.ts';
import { createAdaptiveBatchSize, type AppSize } from '../../lib/heap/adaptive-batch-size.ts';
import { subjectOf } from '../../lib/heap/api.ts';
import type { BulkRequest, PendingCall } from '../../lib/heap/bulk.ts';
import { createHeapClient, type HeapClient, type SendResult } from '../../lib/heap/client.ts';
import { createDeliver } from '../../lib/heap/deliver.ts';
import { EXTRA_REQUESTS } from '../../lib/heap/exchange.ts';
import { createRateLimiter, type AppUsage } from '../../lib/heap/rate-limiter.ts';
import type { Answer } from '../../lib/heap/transport.ts';
import { deferred } from '../../lib/outcome.ts';
import { nameOf, namesIn, trackOf, tracksOf, userOf } from './calls.ts';
import { namesOf, startContainer, type Container } from './container.ts';

const RATE_LIMITS = { perApp: 100, perIdentity: 10, windowMs: 60_000 };
const DEADLINE = 50_000;
/** Longer than an acceptance counts as evidence. */
const BETWEEN_MS = 15 * 60 * 1000;
const accepted: SendResult = { kind: 'delivered' };
const refused: SendResult = { kind: 'refused', status: 400, detail: 'Heap answered 400' };

const times = <Value>(count: number, value: Value): Value[] => Array.from({ length: count }, () => value);

/** The sizes of the next requests of all that is deferred; Infinity if nothing was sent yet. */
function sizesOf({ outcomes }: Container): readonly number[] {
  const sizes = [...outcomes.values()].map((outcome) => (outcome.kind === 'deferred' ? outcome.mostEntries : 1));
  return sizes.length === 0 ? [Infinity] : sizes.map((size = Infinity) => size);
}

/** Invokes while Heap refuses everything, until each event will be sent alone. */
async function refuseUntilAlone(container: Container, calls: readonly PendingCall[]): Promise<void> {
  for (let invocation = 0; sizesOf(container).some((size) => size !== 1); invocation += 1) {
    expect(invocation).toBeLessThan(200);
    await container.invoke(calls);
  }
}

function wordOf({ outcome }: PendingCall): string {
  if (outcome === undefined) return 'forgotten';
  return outcome.kind === 'delivered' ? 'delivered' : outcome.reason;
}

/** Delivers through a client that answers as told. */
function start(send: HeapClient['send'] = async () => accepted, rateLimits = RATE_LIMITS) {
  const requests: BulkRequest[] = [];
  const deadlines = new Set<number>();
  const rateLimiter = createRateLimiter(rateLimits);
  const batchSize = createAdaptiveBatchSize();
  const merged: number[] = [];
  const acceptances = createAcceptances();
  const client: HeapClient = {
    send(request, deadline) {
      requests.push(request);
      deadlines.add(deadline);
      return send(request, deadline);
    },
  };
  const clock = { now: () => 0, sleep: async () => undefined };
  const onMerged = (events: number): void => void merged.push(events);
  const deliver = createDeliver({ client, rateLimiter, batchSize, acceptances, clock, onMerged });
  async function run(calls: readonly PendingCall[]): Promise<Record<string, string>> {
    await deliver(calls, DEADLINE);
    return Object.fromEntries(calls.map((call) => [nameOf(call), wordOf(call)]));
  }
  return { deliver, run, requests, deadlines, rateLimiter, batchSize, acceptances, merged };
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
  await deliver(calls, DEADLINE);
  expect(calls.map(({ outcome }) => outcome)).toEqual(calls.map(() => accepted));
  const sent = (wanted: string): unknown[] =>
    requests.filter(({ appId }) => appId === wanted).map(({ kind, entries }) => [kind, entries.length]);
  expect(sent('11')).toEqual([
    ['add_user_properties', 1],
    ['track', 1],
  ]);
  expect(sent('22')).toEqual([['track', 1]]);
  expect([...deadlines]).toEqual([DEADLINE]);
});

test('events that were not sent because the same event is in the batch are counted, by app; user properties are not', async () => {
  const { run, merged } = start();
  const users = [userOf('u', { a: 1 }), userOf('u', { a: 1 })];
  await run([trackOf('a'), trackOf('a'), trackOf('a'), trackOf('b'), trackOf('b', { padding: 'x' }), ...users]);
  expect(merged).toEqual([2]);
  await run([trackOf('a', { appId: '1' }), trackOf('a', { appId: '2' })]);
  expect(merged).toEqual([2]);
});

test('an event that comes very often and is bad costs as much as one', async () => {
  const { run, requests } = start(async (request) => (namesIn(request).includes('bad') ? refused : accepted));
  await run([trackOf('good')]);
  expect(await run(Array.from({ length: 10_000 }, () => trackOf('bad')))).toEqual({ bad: 'heap_refused' });
  expect(requests.map(namesIn)).toEqual([['good'], times(10_000, 'bad'), ['control'], times(10_000, 'bad')]);
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
    await deliver(calls, DEADLINE);
    expect(requests.map(({ entries }) => entries.length)).toEqual([10]);
    expect(calls.slice(10).map(({ outcome }) => outcome)).toEqual(
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
  await deliver(calls, DEADLINE);
  expect(calls.map(({ outcome }) => outcome)).toMatchObject(
    [0, 600, 1200].map((retryAfterMs) => ({ kind: 'deferred', reason: 'paced_app', retryAfterMs })),
  );
});

test('other deferrals keep the wait that Heap has asked for', async () => {
  const { deliver } = start(async () => deferred('heap_throttled', 'slow down', { retryAfterMs: 7000 }));
  const call = trackOf('e-0');
  await deliver([call], DEADLINE);
  expect(call.outcome).toMatchObject({ reason: 'heap_throttled', retryAfterMs: 7000 });
});

describe('the size of a request', () => {
  test('is never more than an app may send in a window: it would find room never', async () => {
    const { run, requests } = start();
    await run(tracksOf(250));
    expect(requests.map(({ entries }) => entries.length)).toEqual([100, 100, 50]);
  });

  test('is what the last invocation has learned, of events and of user properties', async () => {
    const { run, requests, batchSize } = start();
    for (const timedOut of [1000, 250, 62, 15]) batchSize.learn('11', { timedOut, fits: 0, accepted: 0, bad: 0 });
    await run([...tracksOf(4), ...['a', 'b', 'c', 'd'].map((user) => userOf(user, { [user]: 1 }))]);
    expect(requests.map(namesIn)).toEqual([['a', 'b', 'c'], ['d'], ['e-0', 'e-1', 'e-2'], ['e-3']]);
  });

  test('is what Heap has accepted after it has answered 413 to larger ones', async () => {
    const tooLarge: SendResult = { kind: 'refused', status: 413, detail: 'Heap answered 413' };
    const { run, requests } = start(async ({ entries }) => (entries.length > 3 ? tooLarge : accepted));
    await run(tracksOf(12));
    const before = requests.length;
    await run(tracksOf(6));
    expect(requests.slice(before).map(({ entries }) => entries.length)).toEqual([3, 3]);
  });

  test('falls to a quarter when Heap did not answer a request in time, until it is small enough, and recovers', async () => {
    let isSilent = true;
    const { run, batchSize } = start(async () =>
      isSilent ? deferred('heap_timeout', 'Heap did not answer in time') : accepted,
    );
    const sizes: number[] = [];
    for (let invocation = 0; invocation < 4; invocation += 1) {
      await run(tracksOf(40));
      sizes.push(batchSize.of('11'));
    }
    expect(sizes).toEqual([250, 62, 15, 3]);
    isSilent = false;
    await run(tracksOf(40));
    expect(batchSize.of('11')).toBe(12);
  });

  test('does not fall when the invocation ends before Heap has had its time', async () => {
    const { run, batchSize } = start(async () => deferred('out_of_time', 'the invocation ended'));
    await run(tracksOf(40));
    expect(batchSize.of('11')).toBe(1000);
  });

  test('stays with an event that finds no room in the rate limit', async () => {
    const { deliver } = start(async () => deferred('paced_app', 'no room', { retryAfterMs: 1 }));
    const small: PendingCall = { ...trackOf('small', { identity: 'u' }), mostEntries: 3 };
    const surplus = tracksOf(12, { identity: 'u' }).map((call): PendingCall => ({ ...call, mostEntries: 2 }));
    await deliver([small, ...surplus], DEADLINE);
    expect(small.outcome).toMatchObject({ reason: 'paced_app', mostEntries: 3 });
    expect(surplus.map(({ outcome }) => outcome)).toMatchObject([
      ...Array.from({ length: 9 }, () => ({ reason: 'paced_app', mostEntries: 2 })),
      ...Array.from({ length: 3 }, () => ({ reason: 'paced_identity', mostEntries: 2 })),
    ]);
  });
});

describe('an app for which Heap refuses everything', () => {
  test('is paused, and no other app', async () => {
    const { run, acceptances } = start(async ({ appId }) => (appId === 'bad' ? refused : accepted));
    await run([...tracksOf(20, { appId: 'bad' }), ...tracksOf(20, { appId: 'good' })]);
    expect(['bad', 'good'].map((appId) => pausedMs(acceptances(appId, 'track'), 0))).toEqual([30_000, 0]);
  });

  test('is not paused by what earlier invocations have seen, when this one was refused nothing', async () => {
    const { run, acceptances } = start(async () => deferred('circuit_open', ''));
    for (let entry = 0; entry < 8; entry += 1) acceptances('11', 'track').refusedInARow += 1;
    await run(tracksOf(3));
    expect(pausedMs(acceptances('11', 'track'), 0)).toBe(0);
  });

  test('takes a bounded number of requests in each invocation, and no event is rejected, however often they come', async () => {
    const container = startContainer(() => refused);
    const calls = [...tracksOf(12_000), ...Array.from({ length: 30 }, (_, i) => userOf(`u-${i}`, { [`p-${i}`]: 1 }))];
    const sent: number[] = [];
    for (let invocation = 0; invocation < 15; invocation += 1)
      sent.push((await container.invoke(calls)).requests.length);
    expect(Math.max(...sent)).toBeLessThanOrEqual(13 + EXTRA_REQUESTS);
    expect(namesOf(container, 'deferred')).toHaveLength(calls.length);
  });

  test('gets a backlog of events that are sent alone in three invocations once that is corrected', async () => {
    let isWrong = true;
    const container = startContainer(() => (isWrong ? refused : accepted));
    const calls = tracksOf(2000);
    await refuseUntilAlone(container, calls);
    isWrong = false;
    const sent: number[] = [];
    while (namesOf(container, 'deferred').length > 0 && sent.length < 20)
      sent.push((await container.invoke(calls)).requests.length);
    expect(sent).toHaveLength(3);
    expect(Math.max(...sent)).toBeLessThanOrEqual(EXTRA_REQUESTS);
    expect(namesOf(container, 'delivered')).toHaveLength(2000);
  });

  test('gets properties of users that were separated meanwhile in three invocations, too', async () => {
    let isWrong = true;
    const container = startContainer(() => (isWrong ? refused : accepted));
    const calls = Array.from({ length: 1000 }, (_, index) =>
      userOf(`u-${index % 100}`, { [`p-${index}`]: 1 }, { time: index }),
    );
    for (let invocation = 0; invocation < 60; invocation += 1) await container.invoke(calls);
    isWrong = false;
    const sent: number[] = [];
    while (namesOf(container, 'deferred').length > 0 && sent.length < 20)
      sent.push((await container.invoke(calls)).requests.length);
    expect(sent).toHaveLength(3);
    expect(namesOf(container, 'delivered')).toHaveLength(1000);
  });

  test.each([2, 5, 20])(
    'gets such a backlog, of which every %ith event is bad, as fast as if all stayed alone',
    async (every) => {
      let isWrong = true;
      const isBad = (name: string): boolean => name.startsWith('e-') && Number(name.slice(2)) % every === 0;
      const container = startContainer((request) => (isWrong || namesIn(request).some(isBad) ? refused : accepted));
      const calls = tracksOf(2000);
      await refuseUntilAlone(container, calls);
      isWrong = false;
      for (let invocation = 0; namesOf(container, 'deferred').length > 0; invocation += 1) {
        // A bad one is sent twice. The first invocation only finds out that Heap accepts something again.
        expect(invocation).toBeLessThan((2000 + 2000 / every) / EXTRA_REQUESTS + 2);
        await container.invoke([...calls, trackOf(`other-${invocation}`)]);
      }
      expect(namesOf(container, 'rejected')).toHaveLength(2000 / every);
    },
  );

  test('gets everything once that is corrected', async () => {
    let isWrong = true;
    const container = startContainer(() => (isWrong ? refused : accepted));
    const calls = tracksOf(5000);
    for (let invocation = 0; invocation < 30; invocation += 1) await container.invoke(calls);
    isWrong = false;
    let invocations = 0;
    while (namesOf(container, 'deferred').length > 0) {
      await container.invoke(calls);
      invocations += 1;
      expect(invocations).toBeLessThanOrEqual(5);
    }
    expect(namesOf(container, 'delivered')).toHaveLength(5000);
  });

  test('that accepted everything until just before loses no event', async () => {
    let isWrong = false;
    const container = startContainer(() => (isWrong ? refused : accepted), 20_000);
    const users = Array.from({ length: 20 }, (_, index) => userOf(`u-${index}`, { [`p-${index}`]: 1 }));
    await container.invoke([...tracksOf(100), ...users]);
    isWrong = true;
    const calls = ['a', 'b'].flatMap((name) => [
      ...Array.from({ length: 500 }, (_, index) => trackOf(`${name}-${index}`)),
      userOf(name, { [`q-${name}`]: 1 }),
    ]);
    for (let invocation = 0; invocation < 40; invocation += 1) await container.invoke(calls);
    expect(namesOf(container, 'rejected')).toEqual([]);
    isWrong = false;
    for (let invocation = 0; invocation < 20; invocation += 1) await container.invoke(calls);
    expect(namesOf(container, 'deferred')).toEqual([]);
    expect(namesOf(container, 'rejected')).toEqual([]);
  });
});

test('bad events among good ones are found with time for two requests in each invocation, while new events keep coming', async () => {
  const situations = fc.record({
    isBad: fc.array(fc.boolean(), { minLength: 1, maxLength: 12 }),
    inTime: fc.integer({ min: 2, max: 5 }),
    identity: fc.constantFrom('u', undefined),
  });
  await fc.assert(
    fc.asyncProperty(situations, async ({ isBad, inTime, identity }) => {
      const calls = isBad.map((_, index) => trackOf(`old-${index}`, identity === undefined ? {} : { identity }));
      const named = (kind: 'delivered' | 'rejected' | 'deferred'): string[] =>
        namesOf(container, kind).filter((name) => name.startsWith('old'));
      let left = 0;
      const container = startContainer((request) => {
        left -= 1;
        if (left < 0) return deferred('out_of_time', 'the invocation ended before Heap answered');
        return namesIn(request).some((name) => isBad[Number(/^old-(\d+)/.exec(name)?.[1])]) ? refused : accepted;
      });
      for (let invocation = 0; invocation === 0 || named('deferred').length > 0; invocation += 1) {
        expect(invocation).toBeLessThan(10 * isBad.length + 10);
        left = inTime;
        await container.invoke([trackOf(`new-${invocation}`), ...calls]);
      }
      expect(named('rejected')).toHaveLength(isBad.filter(Boolean).length);
      expect(named('delivered')).toHaveLength(isBad.filter((bad) => !bad).length);
    }),
    { numRuns: 200 },
  );
});

test('a container remembers at most a thousand apps, whatever they do', async () => {
  const apps = { acceptances: new Map(), sizes: new Map<string, AppSize>(), usage: new Map<string, AppUsage>() };
  let now = 0;
  const clock = { now: () => now, sleep: async () => undefined };
  const rateLimiter = createRateLimiter(RATE_LIMITS, apps.usage);
  const results = [200, 400, 503, 429, 0];
  const deliver = createDeliver({
    client: createHeapClient({
      baseUrl: '',
      clock,
      random: () => 0,
      rateLimiter,
      onAttempt: () => undefined,
      async transport(_, body): Promise<Answer> {
        const status = results[Number(/app-(\d+)/.exec(body.toString())?.[1]) % results.length] ?? 0;
        return status === 0 ? { kind: 'timeout' } : { kind: 'answered', status, retryAfter: undefined, body: '' };
      },
    }),
    rateLimiter,
    batchSize: createAdaptiveBatchSize(apps.sizes),
    acceptances: createAcceptances(apps.acceptances),
    clock,
    onMerged: () => undefined,
  });
  for (const from of [0, 1500]) {
    await deliver(
      Array.from({ length: 1500 }, (_, app) => trackOf('e', { appId: `app-${from + app}` })),
      now + DEADLINE,
    );
    now += 10 * 60_000;
  }
  await deliver([trackOf('e')], now + DEADLINE);
  expect(apps.acceptances.size).toBeLessThanOrEqual(2000);
  expect(apps.sizes.size).toBeLessThanOrEqual(1000);
  expect([...apps.usage.keys()]).toEqual(['11']);
});

describe('a record that comes again and again in a container, and holds bad events', () => {
  const refusingAll =
    (isBad: (name: string) => boolean) =>
    (request: BulkRequest): SendResult =>
      namesIn(request).some(isBad) ? refused : accepted;

  test.each<[string, (index: number) => boolean, number]>([
    ['the first ten of 1000', (index) => index < 10, 3],
    ['the first and the last ten of 1000', (index) => index < 10 || index >= 990, 4],
    ['every second of 1000', (index) => index % 2 === 0, 40],
    ['all of 1000 but the last', (index) => index < 999, 130],
  ])(
    '%s: all good ones are delivered, all bad ones rejected, in a bounded number of invocations',
    async (_, isBad, most) => {
      const names = new Set(
        tracksOf(1000)
          .filter((__, index) => isBad(index))
          .map(nameOf),
      );
      const container = startContainer(refusingAll((name) => names.has(name)));
      const calls = tracksOf(1000);
      let invocations = 0;
      do {
        invocations += 1;
        // Another event shows in each invocation that the app is accepted.
        await container.invoke([...calls, trackOf(`other-${invocations}`)]);
      } while (namesOf(container, 'deferred').length > 0 && invocations < most);
      expect(new Set(namesOf(container, 'rejected'))).toEqual(names);
      expect(namesOf(container, 'deferred')).toEqual([]);
    },
  );

  test('whichever they are: the good ones are delivered by themselves, and exactly the bad ones are rejected in time', async () => {
    const record = fc.integer({ min: 2, max: 60 }).chain((size) =>
      fc.record({
        size: fc.constant(size),
        good: fc.oneof(
          fc.uniqueArray(fc.nat(size - 1), { minLength: 1, maxLength: size }),
          fc.uniqueArray(fc.nat(size - 1), { minLength: 1, maxLength: 1 }),
        ),
      }),
    );
    await fc.assert(
      fc.asyncProperty(record, async ({ size, good }) => {
        const calls = tracksOf(size);
        const goodNames = new Set(good.map((index) => `e-${index}`));
        const container = startContainer(refusingAll((name) => name.startsWith('e-') && !goodNames.has(name)));
        for (let invocation = 0; namesOf(container, 'delivered').length < goodNames.size; invocation += 1) {
          expect(invocation).toBeLessThan(20);
          await container.invoke(calls);
        }
        expect(new Set(namesOf(container, 'delivered'))).toEqual(goodNames);
        for (let invocation = 0; namesOf(container, 'deferred').length > 0; invocation += 1) {
          expect(invocation).toBeLessThan(12);
          await container.invoke([...calls, trackOf(`other-${invocation}`)]);
        }
        expect(namesOf(container, 'rejected')).toHaveLength(size - goodNames.size);
      }),
      { numRuns: 150 },
    );
  });

  test('a good one does not wait for ever behind bad ones, not even after everything was refused for hours', async () => {
    let isWrong = true;
    const isBad = (name: string): boolean => isWrong || Number(name.slice(2)) < 40;
    const container = startContainer(refusingAll(isBad));
    for (let invocation = 0; invocation < 20; invocation += 1) await container.invoke(tracksOf(60));
    isWrong = false;
    for (let invocation = 0; invocation < 8; invocation += 1) await container.invoke(tracksOf(60));
    expect(namesOf(container, 'delivered')).toHaveLength(20);
  });

  test.each([
    ['during a pause', 1000],
    ['after it', BETWEEN_MS],
  ])('a good one that comes rarely, to many undecided bad ones, is delivered at once: %s', async (_, betweenMs) => {
    const container = startContainer(
      refusingAll((name) => name.startsWith('e-')),
      betweenMs,
    );
    const bad = tracksOf(100);
    for (let invocation = 0; invocation < 20; invocation += 1) await container.invoke(bad);
    expect(namesOf(container, 'deferred')).toHaveLength(100);
    const { outcomes, requests } = await container.invoke([...bad, trackOf('good')]);
    expect(requests.map(namesIn)[0]).toEqual(['good']);
    expect(outcomes.get('good')).toEqual(accepted);
    // It shows that the bad ones are bad; the pause is over.
    expect(outcomes.get('e-0')).not.toMatchObject({ reason: 'circuit_open' });
  });

  test('and no good ones: most invocations of a pause send nothing', async () => {
    const container = startContainer(() => refused, 1000);
    const sent: number[] = [];
    for (let second = 0; second < 120; second += 1) sent.push((await container.invoke(tracksOf(100))).requests.length);
    expect(sent.filter((requests) => requests > 0).length).toBeLessThanOrEqual(5);
  });

  test('and no good ones, alone in a container that has just started: none is ever rejected', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 60 }), async (size) => {
        const container = startContainer(() => refused);
        for (let invocation = 0; invocation < 6; invocation += 1) await container.invoke(tracksOf(size));
        expect(namesOf(container, 'deferred')).toHaveLength(size);
      }),
    );
  });
});

describe('the order of the properties of a user', () => {
  type Kind = 'accepted' | 'refused' | 'failed' | 'stored';

  test('is kept, whatever Heap answers: what it holds in the end is what the last event has set that was not rejected', async () => {
    const call = fc.record({
      user: fc.constantFrom('u', 'v'),
      time: fc.nat(20),
      properties: fc.uniqueArray(fc.constantFrom('a', 'b', 'c'), { minLength: 1 }),
    });
    const answers = fc.array(fc.constantFrom<Kind[]>('accepted', 'refused', 'refused', 'failed', 'stored'), {
      maxLength: 80,
    });
    await fc.assert(
      fc.asyncProperty(
        fc.array(call, { minLength: 1, maxLength: 24 }),
        fc.uniqueArray(fc.nat(23), { maxLength: 12 }),
        answers,
        fc.constantFrom(20_000, BETWEEN_MS),
        async (given, bad, script, betweenMs) => {
          const calls = given.map(({ user, time, properties }, index) => {
            const values = Object.fromEntries(properties.map((name) => [name, index]));
            // The name of a call is made of the names of its properties.
            return userOf(user, { [`is-${index}`]: 1, ...values }, { time });
          });
          const isBad = (name: string): boolean => bad.some((index) => name.startsWith(`is-${index},`));
          const next = script.values();
          const stored = new Map<string, unknown>();
          const container = startContainer((request) => {
            const answer = next.next().value ?? 'accepted';
            if (answer === 'refused' || namesIn(request).some(isBad)) return refused;
            if (answer === 'failed') return deferred('heap_error', '');
            for (const { identity, json } of request.entries) {
              const { properties }: { properties: object } = JSON.parse(json);
              for (const [name, value] of Object.entries(properties)) stored.set(`${identity} ${name}`, value);
            }
            return answer === 'stored' ? deferred('heap_timeout', '') : accepted;
          }, betweenMs);

          const inOrder = calls
            .map((one, index) => ({ one, time: given[index]?.time ?? 0 }))
            .toSorted((x, y) => x.time - y.time)
            .map(({ one }) => one);
          let invocation = 0;
          do {
            invocation += 1;
            await container.invoke([...calls, userOf(`other-${invocation}`, { [`other-${invocation}`]: 1 })]);
            for (const user of ['u', 'v']) {
              const kinds = inOrder
                .filter((one) => subjectOf(one.call) === user)
                .map((one) => container.outcomes.get(nameOf(one))?.kind);
              expect(kinds.lastIndexOf('delivered')).toBeLessThan(
                kinds.includes('deferred') ? kinds.indexOf('deferred') : Infinity,
              );
            }
          } while (namesOf(container, 'deferred').length > 0 && invocation < 60);
          const expected = new Map<string, unknown>();
          for (const one of inOrder) {
            const kind = container.outcomes.get(nameOf(one))?.kind;
            expect(kind).not.toBe('deferred');
            if (kind === 'rejected') continue;
            for (const [name, value] of Object.entries(one.call.payload.properties))
              expected.set(`${subjectOf(one.call)} ${name}`, value);
          }
          for (const [name, value] of expected) expect([name, stored.get(name)]).toEqual([name, value]);
        },
      ),
      { numRuns: 100 },
    );
  });
});

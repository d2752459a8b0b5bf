import fc from 'fast-check';
import { ConfigurationError } from '../../../lib/configuration-error.ts';
import { createKeyRing, type KeyFinding } from '../../../lib/ingest/keys/key-ring.ts';
import { pauseMs } from '../../../lib/ingest/keys/retry.ts';
import { createVirtualTime } from '../../../local/virtual/time.ts';

const MINUTE = 60_000;

/** A ring over keys that change, and a clock that the test sets. */
function ringOver(versions: (string | Error)[]) {
  let now = 0;
  let loads = 0;
  const stale: unknown[] = [];
  const unavailable: unknown[] = [];
  const ring = createKeyRing({
    clock: { now: () => now, sleep: () => Promise.resolve() },
    random: () => 0,
    onStale: (error) => stale.push(error),
    onUnavailable: (error) => unavailable.push(error),
    load() {
      const version = versions[Math.min(loads, versions.length - 1)] ?? '';
      loads += 1;
      return version instanceof Error
        ? Promise.reject(version)
        : Promise.resolve(version === '{' ? version : keysOf(version));
    },
  });
  return {
    async find(key: string) {
      const finding = await ring.find('writeKeys', key);
      if (finding.kind === 'found') return finding.source.name;
      return finding.kind === 'wrong' ? 'wrong' : `${finding.kind} for ${finding.retryAfterMs} ms`;
    },
    wait(ms: number) {
      now += ms;
    },
    loads: () => loads,
    stale,
    unavailable,
  };
}

function keysOf(key: string): string {
  return JSON.stringify({ writeKeys: { web: key } });
}

test('the keys are read once for many requests, and again after five minutes', async () => {
  const ring = ringOver(['first-key']);
  for (let request = 0; request < 100; request += 1) expect(await ring.find('first-key')).toBe('web');
  expect(ring.loads()).toBe(1);
  ring.wait(5 * MINUTE);
  expect(await ring.find('first-key')).toBe('web');
  expect(ring.loads()).toBe(2);
});

test('a new key counts after half a minute at most, and a removed key for five minutes at most', async () => {
  const ring = ringOver(['first-key', 'second-key']);
  expect(await ring.find('first-key')).toBe('web');
  expect(await ring.find('second-key')).toBe('undecided for 30000 ms');
  ring.wait(MINUTE / 2);
  expect(await ring.find('second-key')).toBe('web');
  expect(await ring.find('first-key')).toBe('undecided for 30000 ms');
});

test('wrong keys cannot make it read the keys more often than twice a minute', async () => {
  const ring = ringOver(['first-key']);
  for (let second = 0; second < 60; second += 1) {
    await ring.find(`wrong-key-${second}`);
    ring.wait(1000);
  }
  expect(ring.loads()).toBe(2);
});

test('the known keys stay good while they cannot be read again, and that is reported', async () => {
  const ring = ringOver(['first-key', new Error('down'), new Error('down'), 'second-key']);
  expect(await ring.find('first-key')).toBe('web');
  ring.wait(5 * MINUTE);
  expect(await ring.find('first-key')).toBe('web');
  expect(await ring.find('first-key')).toBe('web');
  expect(ring.loads()).toBe(2);
  ring.wait(MINUTE);
  expect(await ring.find('first-key')).toBe('web');
  ring.wait(MINUTE);
  expect(await ring.find('second-key')).toBe('web');
  expect(ring.stale).toHaveLength(2);
});

test('a key is wrong only if a read that began after the question does not have it', async () => {
  const ring = ringOver(['first-key']);
  expect(await ring.find('wrong-key-1')).toBe('wrong');
  ring.wait(10_000);
  expect(await ring.find('wrong-key-2')).toBe('undecided for 20000 ms');
  ring.wait(20_000);
  expect(await ring.find('wrong-key-2')).toBe('wrong');
});

test.each([
  ['cannot be read', new Error('throttled')],
  ['is not valid', '{'],
])('no key is wrong while the new document %s, and the next read decides', async (_, version) => {
  const ring = ringOver(['first-key', version, 'second-key']);
  expect(await ring.find('wrong-key')).toBe('wrong');
  ring.wait(30_000);
  expect(await ring.find('second-key')).toBe('unavailable for 30000 ms');
  expect(await ring.find('wrong-key')).toBe('unavailable for 30000 ms');
  expect(await ring.find('first-key')).toBe('web');
  ring.wait(30_000);
  expect(await ring.find('second-key')).toBe('web');
  expect(ring.stale).toHaveLength(1);
});

test('a key that was shown to be wrong is wrong at once, as long as the document stays the same', async () => {
  const ring = ringOver(['first-key', 'first-key', 'second-key']);
  expect(await ring.find('wrong-key-1')).toBe('wrong');
  expect(await ring.find('wrong-key-1')).toBe('wrong');
  ring.wait(30_000);
  expect(await ring.find('wrong-key-2')).toBe('wrong');
  expect(await ring.find('wrong-key-1')).toBe('wrong');
  expect(ring.loads()).toBe(2);
  ring.wait(30_000);
  expect(await ring.find('wrong-key-2')).toBe('wrong');
  expect(await ring.find('wrong-key-1')).toBe('undecided for 30000 ms');
});

test('a wrong write key says nothing about the webhook secrets', async () => {
  const ring = createKeyRing({
    clock: { now: () => 0, sleep: () => Promise.resolve() },
    random: () => 0,
    onStale: () => undefined,
    onUnavailable: () => undefined,
    load: () => Promise.resolve(keysOf('first-key')),
  });
  expect(await ring.find('writeKeys', 'wrong-key')).toEqual({ kind: 'wrong' });
  expect(await ring.find('webhookSecrets', 'wrong-key')).toMatchObject({ kind: 'undecided' });
});

test('no more than a thousand wrong keys are remembered', async () => {
  let now = 0;
  const ring = createKeyRing({
    clock: { now: () => now, sleep: () => Promise.resolve() },
    random: () => 0,
    onStale: () => undefined,
    onUnavailable: () => undefined,
    load: () => Promise.resolve(keysOf('first-key')),
  });
  for (let n = 0; n <= 1000; n += 1) {
    expect(await ring.find('writeKeys', `wrong-key-${n}`)).toEqual({ kind: 'wrong' });
    now += 30_000;
  }
  now -= 1;
  expect(await ring.find('writeKeys', 'wrong-key-1')).toEqual({ kind: 'wrong' });
  expect(await ring.find('writeKeys', 'wrong-key-0')).toEqual({ kind: 'undecided', retryAfterMs: 1 });
});

test('requests at the same time share one read; it decides only for those that came before it began', async () => {
  const ring = ringOver(['first-key']);
  const asked = ['wrong-key', 'first-key', 'other-key'].map((key) => ring.find(key));
  expect(await Promise.all(asked)).toEqual(['wrong', 'web', 'undecided for 30000 ms']);
  expect(ring.loads()).toBe(1);
});

/** A load in virtual time: which keys the document has, or what happens instead. */
type Load = readonly string[] | 'throttled' | 'silent' | 'invalid' | 'missing';

/** A container whose store answers as told, and everything that it does. `store` gets the number of the call and the time. */
function containerOver(
  time: ReturnType<typeof createVirtualTime>,
  store: (call: number, now: number) => Load,
  { random = () => 0.5, latencyMs = 20 }: { random?: () => number; latencyMs?: number } = {},
) {
  const startedAt = time.clock.now();
  const loads: { readonly at: number; readonly loaded: Load }[] = [];
  const reports: string[] = [];
  const messageOf = (error: unknown): string => (error instanceof Error ? error.message : 'not an error');
  const ring = createKeyRing({
    clock: time.clock,
    random,
    onStale: (error) => reports.push(`stale: ${messageOf(error)}`),
    onUnavailable: (error) => reports.push(`unavailable: ${messageOf(error)}`),
    async load(timeoutMs) {
      const at = time.clock.now() - startedAt;
      const loaded = store(loads.length + 1, at);
      loads.push({ at, loaded });
      await time.clock.sleep(loaded === 'silent' ? timeoutMs : Math.min(timeoutMs, latencyMs));
      if (loaded === 'invalid') return '{';
      if (loaded === 'missing') throw new ConfigurationError('missing');
      if (typeof loaded === 'string') throw new Error(loaded);
      return JSON.stringify({ writeKeys: { web: loaded } });
    },
  });
  const now = (): number => time.clock.now() - startedAt;
  return { find: (key: string) => ring.find('writeKeys', key), loads, reports, now };
}

const FOUND: KeyFinding = { kind: 'found', source: { name: 'web', isEnabled: true } };

describe('a cold container whose store throttles', () => {
  test('bridges a short throttle: requests at the same time share one read, and all of them find their source', async () => {
    const time = createVirtualTime();
    const { find, loads, reports } = containerOver(time, (call) => (call < 5 ? 'throttled' : ['first-key']));
    const findings = await time.run(() => Promise.all(Array.from({ length: 10 }, () => find('first-key'))));
    expect(findings).toEqual(Array.from({ length: 10 }, () => FOUND));
    expect(loads.map(({ at }) => at)).toEqual([0, 145, 415, 935, 1955]);
    expect(reports).toEqual([]);
  });

  test('reads once for ten requests at once and ten in a row, tells each how long to wait, and reports once', async () => {
    const time = createVirtualTime();
    const { find, loads, reports } = containerOver(time, () => 'throttled');
    const findings = await time.run(() => Promise.all(Array.from({ length: 10 }, () => find('first-key'))));
    expect(findings).toEqual(Array.from({ length: 10 }, () => ({ kind: 'unavailable', retryAfterMs: 1500 })));
    for (let left = 1500; left > 0; left -= 150) {
      expect(await time.run(() => find('first-key'))).toEqual({ kind: 'unavailable', retryAfterMs: left });
      await time.run(() => time.clock.sleep(150));
    }
    expect(loads).toHaveLength(5);
    expect(reports).toEqual(['unavailable: throttled']);
  });

  test('makes one attempt after each pause, and pauses longer after each failure, up to 25 s', async () => {
    const time = createVirtualTime();
    const { find, loads, reports } = containerOver(time, () => 'throttled', { latencyMs: 0 });
    await time.run(async () => {
      for (let request = 0; request < 1200; request += 1) {
        await find('first-key');
        await time.clock.sleep(100);
      }
    });
    const [, , , , last = 0, ...later] = loads.map(({ at }) => at);
    const pauses = later.map((at, index) => Math.floor((at - (later[index - 1] ?? last)) / 100) * 100);
    expect(pauses).toEqual([1500, 3000, 6000, 12_000, 18_800, 18_800, 18_800, 18_800, 18_800]);
    expect(reports).toHaveLength(loads.length - 4);
  });

  test.each([
    [1, 1000, 2000],
    [2, 2000, 4000],
    [4, 8000, 16_000],
    [5, 12_500, 25_000],
    [1000, 12_500, 25_000],
  ])('pauses after failed read %i for at least %i ms and less than %i ms', (failed, least, most) => {
    expect(pauseMs(failed, 0)).toBe(least);
    expect(pauseMs(failed, 1)).toBe(most);
  });

  test('of 20 containers at once makes at most 5 calls, and they come back at different times', async () => {
    const time = createVirtualTime();
    let calls = 0;
    const containers = Array.from({ length: 20 }, (_, index) =>
      containerOver(time, () => 'throttled', { random: () => ((index + 1) * (calls += 1) * 0.618_034) % 1 }),
    );
    const findings = await time.run(() => Promise.all(containers.map(({ find }) => find('first-key'))));
    const backAt = containers.map((_, index) => {
      const finding = findings[index];
      return Math.round(finding?.kind === 'unavailable' ? finding.retryAfterMs : 0);
    });
    expect(Math.min(...backAt)).toBeGreaterThanOrEqual(1000);
    expect(new Set(backAt).size).toBeGreaterThan(15);
    expect(containers.map(({ loads }) => loads.length)).toEqual(containers.map(() => 5));
    expect(containers.flatMap(({ reports }) => reports)).toHaveLength(20);
  });

  test('of 80 at once finds its keys at the first request although the store takes 40 calls a second', async () => {
    const time = createVirtualTime();
    let drawn = 0.5;
    const random = (): number => (drawn = (drawn * 997 + 0.618_034) % 1);
    let tokens = 40;
    let countedAt = 0;
    const store = (_: number, now: number): Load => {
      tokens = Math.min(40, tokens + (now - countedAt) * 0.04);
      countedAt = now;
      if (tokens < 1) return 'throttled';
      tokens -= 1;
      return ['first-key'];
    };
    const containers = Array.from({ length: 80 }, () => containerOver(time, store, { random }));
    const findings = await time.run(() => Promise.all(containers.map(({ find }) => find('first-key'))));
    expect(findings).toEqual(containers.map(() => FOUND));
  });

  test('ends a read within 6 s if the store does not answer', async () => {
    const time = createVirtualTime();
    const { find, loads, now } = containerOver(time, () => 'silent', { random: () => 0.999 });
    await time.run(() => find('first-key'));
    expect(now()).toBe(6000);
    expect(loads).toHaveLength(2);
  });

  test.each(['invalid', 'missing'] as const)('makes no further attempt while the document is %s', async (load) => {
    const time = createVirtualTime();
    const { find, loads, reports } = containerOver(time, () => load);
    expect(await time.run(() => find('first-key'))).toEqual({ kind: 'unavailable', retryAfterMs: 1500 });
    expect([loads.length, reports.length]).toEqual([1, 1]);
  });

  test('decides a wrong key by the attempt that began after the request, not by the read', async () => {
    const time = createVirtualTime();
    const { find, loads } = containerOver(time, (call) => (call < 3 ? 'throttled' : ['first-key']));
    const findAfter = (ms: number) => time.clock.sleep(ms).then(() => find(`wrong-key-${ms}`));
    // The attempts begin at 0, 145 and 415 ms, and take 20 ms.
    const findings = await time.run(() => Promise.all([0, 100, 414, 416].map(findAfter)));
    expect(findings.map(({ kind }) => kind)).toEqual(['wrong', 'wrong', 'wrong', 'undecided']);
    expect(loads).toHaveLength(3);
  });
});

test('a container that has keys makes one attempt in half a minute while the store throttles', async () => {
  const time = createVirtualTime();
  const { find, loads, reports } = containerOver(time, (call) => (call === 1 ? ['first-key'] : 'throttled'));
  await time.run(async () => {
    for (let second = 0; second < 600; second += 1) {
      expect(await find('first-key')).toEqual(FOUND);
      expect(await find(`other-key-${second}`)).not.toEqual(second === 0 ? FOUND : { kind: 'wrong' });
      await time.clock.sleep(1000);
    }
  });
  const gaps = loads.slice(1).map(({ at }, index) => at - (loads[index]?.at ?? 0));
  expect(Math.min(...gaps)).toBeGreaterThanOrEqual(30_000);
  expect(reports).toHaveLength(loads.length - 1);
});

/** A time in ms at which everything that a schedule does to the store is over. */
const WELL_AT = 120_000;
const failure = fc.constantFrom('throttled', 'silent', 'invalid', 'missing');
const schedule = fc.record({
  /** What the store does in spans of time, one after the other. */
  spans: fc.array(
    fc.record({ ms: fc.integer({ min: 1, max: 20_000 }), load: fc.option(failure, { nil: undefined }) }),
    {
      maxLength: 12,
    },
  ),
  newKeyAt: fc.integer({ min: 0, max: WELL_AT }),
  oldKeyUntil: fc.integer({ min: 0, max: WELL_AT }),
  requests: fc.array(
    fc.record({
      at: fc.integer({ max: 200_000, min: 0 }),
      key: fc.constantFrom('old-key-1', 'new-key-1', 'kept-key-1', 'other-key-1'),
    }),
    { minLength: 1, maxLength: 60 },
  ),
  latencyMs: fc.integer({ min: 0, max: 4000 }),
  seed: fc.double({ min: 0.01, max: 0.99, noNaN: true }),
});

/** Runs a schedule in virtual time, and returns what each request was told and every call to the store. */
async function runSchedule({
  spans,
  newKeyAt,
  oldKeyUntil,
  requests,
  latencyMs,
  seed,
}: typeof schedule extends fc.Arbitrary<infer S> ? S : never) {
  const time = createVirtualTime();
  let drawn = seed;
  const failureAt = (now: number): Load | undefined => {
    let end = 0;
    return now >= WELL_AT ? undefined : spans.find(({ ms }) => (end += ms) > now)?.load;
  };
  const keysAt = (now: number): readonly string[] => [
    'kept-key-1',
    ...(now >= newKeyAt ? ['new-key-1'] : []),
    ...(now < oldKeyUntil ? ['old-key-1'] : []),
  ];
  const container = containerOver(time, (_, now) => failureAt(now) ?? keysAt(now), {
    random: () => (drawn = (drawn * 997 + 0.618_034) % 1),
    latencyMs,
  });
  const answers = await time.run(() =>
    Promise.all(
      requests.map(async ({ at, key }) => {
        await time.clock.sleep(at);
        const loadsBefore = container.loads.length;
        const finding = await container.find(key);
        return { at, key, finding, loadsBefore, loadsAfter: container.loads.length };
      }),
    ),
  );
  return { ...container, answers };
}

describe('for random failures of the store and times of requests', () => {
  test('there are never more than 12 calls in a minute, nor more than 5 in the 5 seconds of a first read', async () => {
    const mostWithin = (ms: number, times: readonly number[]): number =>
      Math.max(0, ...times.map((from) => times.filter((at) => at >= from && at < from + ms).length));
    await fc.assert(
      fc.asyncProperty(schedule, async (given) => {
        const { loads } = await runSchedule(given);
        const times = loads.map(({ at }) => at);
        expect(mostWithin(60_000, times)).toBeLessThanOrEqual(12);
        expect(mostWithin(60_000, times.slice(5))).toBeLessThanOrEqual(7);
        const firstSuccess = loads.findIndex(({ loaded }) => typeof loaded !== 'string');
        const withKeys = firstSuccess === -1 ? [] : times.slice(firstSuccess);
        expect(mostWithin(30_000, withKeys)).toBeLessThanOrEqual(1);
      }),
    );
  });

  test('a key is wrong only if an attempt that began after the request did not have it, or the document is the same', async () => {
    await fc.assert(
      fc.asyncProperty(schedule, async (given) => {
        const { loads, answers } = await runSchedule(given);
        const uncertain = answers.filter(({ key, finding, at, loadsBefore, loadsAfter }) => {
          const lacks = ({ loaded }: { readonly loaded: Load }) => typeof loaded !== 'string' && !loaded.includes(key);
          const isDecidedAnew = loads.slice(loadsBefore, loadsAfter).some(lacks);
          const latest = loads[loadsAfter - 1];
          const isDecidedBefore = latest !== undefined && lacks(latest) && latest.at >= at - 30_000;
          return finding.kind === 'wrong' && !isDecidedAnew && !isDecidedBefore;
        });
        expect(uncertain).toEqual([]);
      }),
    );
  });

  test('every good key is found within half a minute after the store is well, and nobody has to wait longer', async () => {
    await fc.assert(
      fc.asyncProperty(schedule, async (given) => {
        const { answers } = await runSchedule({ ...given, latencyMs: given.latencyMs % 2900 });
        const late = answers.filter(
          ({ at, key, finding }) =>
            at >= WELL_AT + 30_000 && (key === 'kept-key-1' || key === 'new-key-1') && finding.kind !== 'found',
        );
        expect(late).toEqual([]);
        const waits = answers.map(({ finding }) => ('retryAfterMs' in finding ? finding.retryAfterMs : 0));
        expect(Math.max(...waits)).toBeLessThanOrEqual(30_000);
      }),
    );
  });
});

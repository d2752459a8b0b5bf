import { createKeyRing } from '../../../lib/ingest/keys/key-ring.ts';

const MINUTE = 60_000;

/** A ring over keys that change, and a clock that the test sets. */
function ringOver(versions: (string | Error)[]) {
  let now = 0;
  let loads = 0;
  const stale: unknown[] = [];
  const ring = createKeyRing({
    clock: { now: () => now, sleep: () => Promise.resolve() },
    onStale: (error) => stale.push(error),
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
      return finding.kind === 'wrong' ? 'wrong' : `ask again in ${finding.retryAfterMs} ms`;
    },
    wait(ms: number) {
      now += ms;
    },
    loads: () => loads,
    stale,
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
  expect(await ring.find('second-key')).toBe('ask again in 30000 ms');
  ring.wait(MINUTE / 2);
  expect(await ring.find('second-key')).toBe('web');
  expect(await ring.find('first-key')).toBe('ask again in 30000 ms');
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

test('it throws while the keys could never be read, and recovers at once', async () => {
  const ring = ringOver([new Error('down'), 'first-key']);
  await expect(ring.find('first-key')).rejects.toThrow('down');
  expect(await ring.find('first-key')).toBe('web');
});

test('a key is wrong only if a read that began after the question does not have it', async () => {
  const ring = ringOver(['first-key']);
  expect(await ring.find('wrong-key-1')).toBe('wrong');
  ring.wait(10_000);
  expect(await ring.find('wrong-key-2')).toBe('ask again in 20000 ms');
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
  expect(await ring.find('second-key')).toBe('ask again in 30000 ms');
  expect(await ring.find('wrong-key')).toBe('ask again in 30000 ms');
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
  expect(await ring.find('wrong-key-1')).toBe('ask again in 30000 ms');
});

test('a wrong write key says nothing about the webhook secrets', async () => {
  const ring = createKeyRing({
    clock: { now: () => 0, sleep: () => Promise.resolve() },
    onStale: () => undefined,
    load: () => Promise.resolve(keysOf('first-key')),
  });
  expect(await ring.find('writeKeys', 'wrong-key')).toEqual({ kind: 'wrong' });
  expect(await ring.find('webhookSecrets', 'wrong-key')).toMatchObject({ kind: 'undecided' });
});

test('no more than a thousand wrong keys are remembered', async () => {
  let now = 0;
  const ring = createKeyRing({
    clock: { now: () => now, sleep: () => Promise.resolve() },
    onStale: () => undefined,
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
  expect(await Promise.all(asked)).toEqual(['wrong', 'web', 'ask again in 30000 ms']);
  expect(ring.loads()).toBe(1);
});

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
      return version instanceof Error ? Promise.reject(version) : Promise.resolve(keysOf(version));
    },
  });
  return {
    find: async (key: string) => (await ring.find('writeKeys', key))?.name,
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
  expect(await ring.find('second-key')).toBeUndefined();
  ring.wait(MINUTE / 2);
  expect(await ring.find('second-key')).toBe('web');
  expect(await ring.find('first-key')).toBeUndefined();
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

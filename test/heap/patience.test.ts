import { createPatience } from '../../lib/heap/patience.ts';

const NORMAL_MS = 10_000;

test('each attempt without an answer doubles the time of the next one, up to fifteen minutes', () => {
  const patience = createPatience(NORMAL_MS);
  const timeouts = Array.from({ length: 9 }, () => {
    const timeoutMs = patience.timeoutMs();
    patience.timedOut(timeoutMs);
    return timeoutMs;
  });
  expect(timeouts).toEqual([10_000, 20_000, 40_000, 80_000, 160_000, 320_000, 640_000, 900_000, 900_000]);
});

test.each([
  [50, 10_000],
  [5000, 10_000],
  [5001, 10_002],
  [15_000, 30_000],
  [600_000, 900_000],
])('after an answer that took %i ms the next attempt has %i ms', (tookMs, expected) => {
  const patience = createPatience(NORMAL_MS);
  patience.timedOut(NORMAL_MS);
  patience.timedOut(2 * NORMAL_MS);
  patience.answered(tookMs);
  expect(patience.timeoutMs()).toBe(expected);
});

test('an attempt without an answer is a failure of Heap only if it had the usual time', () => {
  const patience = createPatience(NORMAL_MS);
  expect([9999, 9999.9, 10_000, 12_000].map(patience.isFailure)).toEqual([false, false, true, true]);
});

test('the usual time is that of the last answer if it was longer', () => {
  const patience = createPatience(NORMAL_MS);
  patience.answered(15_000);
  expect([14_999, 15_000].map(patience.isFailure)).toEqual([false, true]);
  patience.answered(20);
  expect([9999, 10_000].map(patience.isFailure)).toEqual([false, true]);
});

test('attempts at once without an answer double the time once', () => {
  const patience = createPatience(NORMAL_MS);
  for (let attempt = 0; attempt < 8; attempt += 1) patience.timedOut(NORMAL_MS);
  expect(patience.timeoutMs()).toBe(2 * NORMAL_MS);
});

import { visibilityTimeoutS } from '../../lib/forwarding/backoff.ts';
import type { Deferred, DeferReason } from '../../lib/outcome.ts';

function deferred(reason: DeferReason, retryAfterMs?: number): Deferred {
  return { kind: 'deferred', reason, detail: '', ...(retryAfterMs === undefined ? {} : { retryAfterMs }) };
}

test('a failure waits 30 s, doubling with every receive up to 15 min', () => {
  const waits = [1, 2, 3, 4, 5, 6, 7, 50].map((receives) => visibilityTimeoutS([deferred('heap_error')], receives, 1));
  expect(waits).toEqual([30, 60, 120, 240, 480, 900, 900, 900]);
});

test('half of that wait is random', () => {
  expect(visibilityTimeoutS([deferred('heap_error')], 3, 0)).toBe(60);
  expect(visibilityTimeoutS([deferred('heap_error')], 3, 0.5)).toBe(90);
});

test('a failure waits at least as long as Heap has asked for, within SQS’s limit', () => {
  expect(visibilityTimeoutS([deferred('heap_throttled', 100_500)], 1, 0)).toBe(101);
  expect(visibilityTimeoutS([deferred('heap_throttled', 1e12)], 1, 0)).toBe(43_200);
});

test('a record that only waits for its turn waits exactly that long, however often it was received', () => {
  expect(visibilityTimeoutS([deferred('paced_identity', 41_200)], 40, 1)).toBe(42);
  expect(visibilityTimeoutS([deferred('paced_app', 0)], 40, 1)).toBe(1);
  expect(visibilityTimeoutS([deferred('fifo_order')], 9, 1)).toBe(1);
});

test('a record with both waits as long as a failure', () => {
  expect(visibilityTimeoutS([deferred('paced_identity', 1000), deferred('heap_error')], 2, 1)).toBe(60);
});

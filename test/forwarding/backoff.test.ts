import fc from 'fast-check';
import { visibilityTimeoutS, type BackoffOptions } from '../../lib/forwarding/backoff.ts';
import type { Deferred, DeferReason } from '../../lib/outcome.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
/** The least and the most that RETRY_HOURS may be, in ms. */
const SHORTEST_RETRY_MS = HOUR_MS;
const LONGEST_RETRY_MS = 144 * HOUR_MS;
/** SQS's redrive policy moves a record after this many receives: template.yaml. */
const SQS_MAX_RECEIVE_COUNT = 1000;

function deferred(reason: DeferReason, retryAfterMs?: number): Deferred {
  return { kind: 'deferred', reason, detail: '', ...(retryAfterMs === undefined ? {} : { retryAfterMs }) };
}

const wait = (waiting: readonly Deferred[], options: Partial<BackoffOptions> = {}): number =>
  visibilityTimeoutS(waiting, { receiveCount: 1, ageMs: 0, retryMs: LONGEST_RETRY_MS, random: 0, ...options });

test('a failure waits 30 s, doubling with every receive up to 5 min', () => {
  const waits = [1, 2, 3, 4, 5, 6, 7, 50, 999, 5000].map((receiveCount) =>
    wait([deferred('heap_error')], { receiveCount, random: 1 }),
  );
  expect(waits).toEqual([30, 60, 120, 240, 300, 300, 300, 300, 300, 300]);
});

test.each([
  [3, 5],
  [4, 5],
  [12, 15],
  [24, 30],
  [48, 60],
  [144, 180],
])('after %i hours it waits up to %i minutes', (hours, minutes) => {
  const options = { receiveCount: 100, ageMs: hours * HOUR_MS, retryMs: 200 * HOUR_MS, random: 1 };
  expect(wait([deferred('heap_error')], options)).toBe(minutes * 60);
});

test('half of that wait is random', () => {
  expect(wait([deferred('heap_error')], { receiveCount: 3, random: 0 })).toBe(60);
  expect(wait([deferred('heap_error')], { receiveCount: 3, random: 0.5 })).toBe(90);
});

test('a failure waits at least as long as Heap has asked for', () => {
  expect(wait([deferred('heap_throttled', 100_500)])).toBe(101);
});

test.each<[DeferReason]>([['heap_throttled'], ['paced_identity']])(
  'no wait is so long that SQS refuses it: 12 h from the receive, which was up to 15 min ago (%s)',
  (reason) => {
    expect(wait([deferred(reason, 1e12)])).toBe(12 * 3600 - 15 * 60);
  },
);

describe('the last wait', () => {
  const retryMs = HOUR_MS;
  test.each([
    ['ends a second after the retry time', HOUR_MS - 100_000, undefined, 101],
    ['is rounded up, so that the record is given up when it comes back', HOUR_MS - 99_999.5, undefined, 101],
    ['is longer if Heap asks for it: the record has not been tried since', HOUR_MS - 100_000, 500_000, 500],
    ['is over: a record that is kept for another reason backs off as before', HOUR_MS, undefined, 150],
    ['is over for long', 2 * HOUR_MS, undefined, 150],
  ])('%s', (_, ageMs, asked, expected) => {
    expect(wait([deferred('heap_error', asked)], { receiveCount: 20, ageMs, retryMs })).toBe(expected);
  });
});

test('a record that only waits for its turn waits exactly that long, however often it was received', () => {
  const options = { receiveCount: 40, random: 1 };
  expect(wait([deferred('paced_identity', 41_200)], options)).toBe(42);
  expect(wait([deferred('paced_app', 0)], options)).toBe(1);
  expect(wait([deferred('fifo_order')], options)).toBe(1);
  expect(wait([deferred('paced_app', 41_200)], { ageMs: LONGEST_RETRY_MS - 1000 })).toBe(42);
});

test('an event that the invocation had no time for backs off as a failure does', () => {
  expect(wait([deferred('out_of_time')], { receiveCount: 3, random: 1 })).toBe(120);
});

test('a record with both waits as long as a failure', () => {
  const waiting = [deferred('paced_identity', 1000), deferred('heap_error')];
  expect(wait(waiting, { receiveCount: 2, random: 1 })).toBe(60);
});

test('a record of 200,000 deferred events has a wait like any other', () => {
  const waiting = Array.from({ length: 200_000 }, () => deferred('heap_error', 40_000));
  expect(wait(waiting)).toBe(40);
});

/** Lets a record fail until its retry time is over. Returns its receives, and how much later than that it came back, in ms. */
function fail(retryMs: number, waits: Iterator<number>, reason: DeferReason = 'heap_error') {
  let ageMs = 0;
  let receiveCount = 1;
  while (ageMs < retryMs) {
    const random = waits.next().value ?? 0;
    ageMs += 1000 * visibilityTimeoutS([deferred(reason)], { receiveCount, ageMs, retryMs, random });
    receiveCount += 1;
  }
  return { receiveCount, lateMs: ageMs - retryMs };
}
const always = (random: number): Iterator<number> => ({ next: () => ({ value: random }) });

describe('until the retry time is over', () => {
  test('a record comes back just after its end, whatever the jitter', () => {
    const retryTime = fc.integer({ min: SHORTEST_RETRY_MS, max: LONGEST_RETRY_MS });
    const jitter = fc.infiniteStream(fc.double({ min: 0, max: 0.999, noNaN: true }));
    fc.assert(
      fc.property(retryTime, jitter, (retryMs, random) => {
        const { lateMs } = fail(retryMs, random);
        expect(lateMs).toBeGreaterThanOrEqual(0);
        expect(lateMs).toBeLessThanOrEqual(2000);
      }),
    );
  });

  test('it is received so rarely that SQS’s own limit of receives is far away, even with the shortest waits', () => {
    expect(fail(LONGEST_RETRY_MS, always(0)).receiveCount).toBeLessThan(SQS_MAX_RECEIVE_COUNT / 2);
  });
});

test('a dead letter that cannot be written is tried so often that SQS moves the record before it deletes it', () => {
  const retentionMs = 12 * 24 * HOUR_MS;
  let { receiveCount } = fail(LONGEST_RETRY_MS, always(1));
  let ageMs = LONGEST_RETRY_MS;
  for (; receiveCount < SQS_MAX_RECEIVE_COUNT; receiveCount += 1) {
    ageMs += 1000 * wait([deferred('dead_letter_failed')], { receiveCount, ageMs, random: 1 });
  }
  // A day is left for the time that the record has waited in the queue before.
  expect(ageMs).toBeLessThan(retentionMs - 24 * HOUR_MS);
});

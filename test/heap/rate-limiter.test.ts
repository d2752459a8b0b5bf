import fc from 'fast-check';
import type { Entry } from '../../lib/heap/bulk.ts';
import { createRateLimiter, rateLimitsFor } from '../../lib/heap/rate-limiter.ts';

const entry = (identity: string): Entry => ({ identity, calls: [], json: '', bytes: 0 });
const entries = (count: number, identity?: string): Entry[] =>
  Array.from({ length: count }, (_, index) => entry(identity ?? `u-${index}`));

test('the limits are divided by the copies that may run at once', () => {
  expect(rateLimitsFor(1)).toEqual({ perApp: 15_000, perIdentity: 1000, windowMs: 60_000 });
  expect(rateLimitsFor(4)).toEqual({ perApp: 3750, perIdentity: 250, windowMs: 60_000 });
  expect(rateLimitsFor(1000)).toMatchObject({ perApp: 15, perIdentity: 1 });
});

describe('an identity', () => {
  test('has room for its share of the window, counted from the answer', () => {
    const rateLimiter = createRateLimiter(rateLimitsFor(2));
    expect(rateLimiter.roomFor('a', 'noisy', 0)).toBe(500);
    const answer = rateLimiter.reserve('a', entries(500, 'noisy'), 0);
    expect(answer.kind).toBe('reserved');
    expect(rateLimiter.roomFor('a', 'noisy', 10_000)).toBe(0);
    expect(rateLimiter.roomFor('a', 'quiet', 10_000)).toBe(500);
    expect(rateLimiter.roomFor('b', 'noisy', 10_000)).toBe(500);
    if (answer.kind === 'reserved') answer.reservation.end(2000);
    expect(rateLimiter.roomFor('a', 'noisy', 61_999)).toBe(0);
    expect(rateLimiter.roomFor('a', 'noisy', 62_000)).toBe(500);
  });

  test('that has more than its share gets turns one behind the other, at its own pace', () => {
    const rateLimiter = createRateLimiter(rateLimitsFor(2));
    const answer = rateLimiter.reserve('a', entries(500, 'noisy'), 0);
    if (answer.kind === 'reserved') answer.reservation.end(0);
    const turns = Array.from({ length: 1000 }, () => rateLimiter.queueUp('a', 'noisy', 'paced_identity', 0));
    expect(turns[0]).toBe(60_000);
    expect(turns[499]).toBe(60_000 + 499 * 120);
    expect(turns[999]).toBe(60_000 + 999 * 120);
  });
});

test('the first half of an app’s window may go at once, the second is spread', () => {
  const rateLimiter = createRateLimiter(rateLimitsFor(1));
  const waits: number[] = [];
  for (let request = 0; request < 9; request += 1) {
    const answer = rateLimiter.reserve('a', entries(1000), 0);
    waits.push(answer.kind === 'full' ? answer.waitMs : 0);
    if (answer.kind === 'reserved') answer.reservation.end(0);
  }
  expect(waits).toEqual([0, 0, 0, 0, 0, 0, 0, 4000, 4000]);
});

test('no window of any kind ever holds more than the limit, and a steady sender gets 98 % of it', () => {
  const request = fc.record({ size: fc.integer({ min: 1, max: 1000 }), latency: fc.integer({ min: 0, max: 3000 }) });
  fc.assert(
    fc.property(fc.array(request, { minLength: 30, maxLength: 60 }), fc.constantFrom(1, 2, 5), (requests, copies) => {
      const limits = rateLimitsFor(copies);
      const rateLimiter = createRateLimiter(limits);
      const arrivals: { at: number; count: number }[] = [];
      let now = 0;
      for (const { size, latency } of requests) {
        const sent = entries(Math.min(size, limits.perApp));
        let answer = rateLimiter.reserve('a', sent, now);
        while (answer.kind === 'full') {
          now += answer.waitMs;
          answer = rateLimiter.reserve('a', sent, now);
        }
        arrivals.push({ at: now + latency / 2, count: sent.length });
        now += latency;
        answer.reservation.end(now);
      }
      for (const { at: from } of arrivals) {
        const inWindow = arrivals.filter(({ at }) => at >= from && at < from + limits.windowMs);
        expect(inWindow.reduce((sum, { count }) => sum + count, 0)).toBeLessThanOrEqual(limits.perApp);
      }
    }),
  );

  const rateLimiter = createRateLimiter(rateLimitsFor(1));
  let now = 0;
  let sent = 0;
  while (now < 600_000) {
    const answer = rateLimiter.reserve('a', entries(1000), now);
    if (answer.kind === 'full') {
      now += answer.waitMs;
      continue;
    }
    now += 200;
    answer.reservation.end(now);
    sent += 1000;
  }
  expect(sent).toBeGreaterThanOrEqual(0.98 * 150_000);
});

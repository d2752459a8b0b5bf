import fc from 'fast-check';
import type { Entry } from '../../lib/heap/bulk.ts';
import { createPacer, paceFor } from '../../lib/heap/pacing.ts';

const entry = (identity: string): Entry => ({ identity, calls: [], json: '', bytes: 0 });
const entries = (count: number, identity?: string): Entry[] =>
  Array.from({ length: count }, (_, index) => entry(identity ?? `u-${index}`));

test('the limits are divided by the copies that may run at once', () => {
  expect(paceFor(1)).toEqual({ perApp: 15_000, perIdentity: 1000, windowMs: 60_000 });
  expect(paceFor(4)).toEqual({ perApp: 3750, perIdentity: 250, windowMs: 60_000 });
  expect(paceFor(1000)).toMatchObject({ perApp: 15, perIdentity: 1 });
});

describe('an identity', () => {
  test('has room for its share of the window, counted from the answer', () => {
    const pacer = createPacer(paceFor(2));
    expect(pacer.roomFor('a', 'noisy', 0)).toBe(500);
    const answer = pacer.reserve('a', entries(500, 'noisy'), 0);
    expect(answer.kind).toBe('reserved');
    expect(pacer.roomFor('a', 'noisy', 10_000)).toBe(0);
    expect(pacer.roomFor('a', 'quiet', 10_000)).toBe(500);
    expect(pacer.roomFor('b', 'noisy', 10_000)).toBe(500);
    if (answer.kind === 'reserved') answer.reservation.keep(2000);
    expect(pacer.roomFor('a', 'noisy', 61_999)).toBe(0);
    expect(pacer.roomFor('a', 'noisy', 62_000)).toBe(500);
  });

  test('that has more than its share gets turns one behind the other, at its own pace', () => {
    const pacer = createPacer(paceFor(2));
    const answer = pacer.reserve('a', entries(500, 'noisy'), 0);
    if (answer.kind === 'reserved') answer.reservation.keep(0);
    const turns = Array.from({ length: 1000 }, () => pacer.queueUp('a', 'noisy', 'paced_identity', 0));
    expect(turns[0]).toBe(60_000);
    expect(turns[499]).toBe(60_000 + 499 * 120);
    expect(turns[999]).toBe(60_000 + 999 * 120);
  });
});

test('the first half of an app’s window may go at once, the second is spread', () => {
  const pacer = createPacer(paceFor(1));
  const waits: number[] = [];
  for (let request = 0; request < 9; request += 1) {
    const answer = pacer.reserve('a', entries(1000), 0);
    waits.push(answer.kind === 'full' ? answer.waitMs : 0);
    if (answer.kind === 'reserved') answer.reservation.keep(0);
  }
  expect(waits).toEqual([0, 0, 0, 0, 0, 0, 0, 4000, 4000]);
});

test('no window of any kind ever holds more than the limit, and a steady sender gets 98 % of it', () => {
  const request = fc.record({ size: fc.integer({ min: 1, max: 1000 }), latency: fc.integer({ min: 0, max: 3000 }) });
  fc.assert(
    fc.property(fc.array(request, { minLength: 30, maxLength: 60 }), fc.constantFrom(1, 2, 5), (requests, copies) => {
      const pace = paceFor(copies);
      const pacer = createPacer(pace);
      const arrivals: { at: number; count: number }[] = [];
      let now = 0;
      for (const { size, latency } of requests) {
        const sent = entries(Math.min(size, pace.perApp));
        let answer = pacer.reserve('a', sent, now);
        while (answer.kind === 'full') {
          now += answer.waitMs;
          answer = pacer.reserve('a', sent, now);
        }
        arrivals.push({ at: now + latency / 2, count: sent.length });
        now += latency;
        answer.reservation.keep(now);
      }
      for (const { at: from } of arrivals) {
        const inWindow = arrivals.filter(({ at }) => at >= from && at < from + pace.windowMs);
        expect(inWindow.reduce((sum, { count }) => sum + count, 0)).toBeLessThanOrEqual(pace.perApp);
      }
    }),
  );

  const pacer = createPacer(paceFor(1));
  let now = 0;
  let sent = 0;
  while (now < 600_000) {
    const answer = pacer.reserve('a', entries(1000), now);
    if (answer.kind === 'full') {
      now += answer.waitMs;
      continue;
    }
    now += 200;
    answer.reservation.keep(now);
    sent += 1000;
  }
  expect(sent).toBeGreaterThanOrEqual(0.98 * 150_000);
});

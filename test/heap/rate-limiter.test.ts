import fc from 'fast-check';
import type { Entry } from '../../lib/heap/bulk.ts';
import { createRateLimiter, rateLimitsFor, type AppUsage, type RateLimiter } from '../../lib/heap/rate-limiter.ts';

const entry = (identity: string): Entry => ({
  identity,
  calls: [],
  json: '',
  bytes: 0,
  mostEntries: Infinity,
  later: [],
});
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

  test('that has more than its share gets turns one behind the other, as fast as its limit allows', () => {
    const rateLimiter = createRateLimiter(rateLimitsFor(2));
    const answer = rateLimiter.reserve('a', entries(500, 'noisy'), 0);
    if (answer.kind === 'reserved') answer.reservation.end(0);
    const turns = Array.from({ length: 1000 }, () => rateLimiter.queueUp('a', 'noisy', 'paced_identity', 0));
    expect(turns[0]).toBe(60_000);
    expect(turns[499]).toBe(60_000 + 499 * 120);
    expect(turns[999]).toBe(60_000 + 999 * 120);
  });
});

test('the first half of an app’s window may go at once, the second is spread over time', () => {
  const rateLimiter = createRateLimiter(rateLimitsFor(1));
  const waits: number[] = [];
  for (let request = 0; request < 9; request += 1) {
    const answer = rateLimiter.reserve('a', entries(1000), 0);
    waits.push(answer.kind === 'full' ? answer.waitMs : 0);
    if (answer.kind === 'reserved') answer.reservation.end(0);
  }
  expect(waits).toEqual([0, 0, 0, 0, 0, 0, 0, 4000, 4000]);
});

test('no span of a window’s length ever holds more than the limit, and a steady sender gets 98 % of it', () => {
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

describe('an app that has used up its limit', () => {
  /** Takes the whole window of an app, and ends the requests at the given time. */
  function fill(rateLimiter: RateLimiter, endedAt: number): void {
    for (let request = 0; request < 15; request += 1) {
      const answer = rateLimiter.reserve('a', entries(1000), request * 4000);
      if (answer.kind === 'reserved') answer.reservation.end(endedAt);
    }
  }

  test('has to wait for its own limit, whoever the event is of; another app has not', () => {
    const rateLimiter = createRateLimiter(rateLimitsFor(1));
    fill(rateLimiter, 60_000);
    expect(rateLimiter.reserve('a', [entry('new')], 60_000)).toEqual({
      kind: 'full',
      reason: 'paced_app',
      waitMs: 60_000,
    });
    expect(rateLimiter.reserve('b', [entry('new')], 60_000).kind).toBe('reserved');
  });

  test('gives turns one behind the other, as fast as its limit allows, whoever they are for', () => {
    const rateLimiter = createRateLimiter(rateLimitsFor(1));
    fill(rateLimiter, 60_000);
    const turns = ['u', 'v', 'w'].map((identity) => rateLimiter.queueUp('a', identity, 'paced_app', 60_000));
    expect(turns).toEqual([60_000, 60_004, 60_008]);
  });
});

test('a request takes room for all of its entries or for none', () => {
  const rateLimiter = createRateLimiter(rateLimitsFor(2));
  rateLimiter.reserve('a', entries(400, 'noisy'), 0);
  const answer = rateLimiter.reserve('a', [...entries(101, 'noisy'), ...entries(10)], 0);
  expect(answer).toMatchObject({ kind: 'full', reason: 'paced_identity' });
  expect(rateLimiter.roomFor('a', 'noisy', 0)).toBe(100);
  expect(rateLimiter.roomFor('a', 'u-0', 0)).toBe(500);
});

test('of two limits that have no room the longer wait counts, with its reason', () => {
  const rateLimiter = createRateLimiter({ perApp: 10, perIdentity: 5, windowMs: 1000 });
  const first = rateLimiter.reserve('a', entries(5, 'noisy'), 0);
  if (first.kind === 'reserved') first.reservation.end(0);
  // The app has to spread its second half for half a second, the identity waits for a whole one.
  expect(rateLimiter.reserve('a', entries(1, 'noisy'), 0)).toEqual({
    kind: 'full',
    reason: 'paced_identity',
    waitMs: 1000,
  });
  expect(rateLimiter.reserve('a', entries(1, 'quiet'), 0)).toEqual({ kind: 'full', reason: 'paced_app', waitMs: 500 });
});

describe('what is over is forgotten, so that the memory of a container does not grow for ever', () => {
  const limits = { perApp: 1000, perIdentity: 10, windowMs: 1000 };
  const send = (rateLimiter: RateLimiter, appId: string, sent: readonly Entry[], now: number): void => {
    const answer = rateLimiter.reserve(appId, sent, now);
    if (answer.kind === 'reserved') answer.reservation.end(now);
  };

  test('identities that have sent nothing for a window', () => {
    const apps = new Map<string, AppUsage>();
    const rateLimiter = createRateLimiter(limits, apps);
    send(rateLimiter, 'a', entries(100), 0);
    expect(apps.get('a')?.identities.size).toBe(100);
    send(rateLimiter, 'a', [entry('another')], 1000);
    expect([...(apps.get('a')?.identities.keys() ?? [])]).toEqual(['another']);
  });

  test('apps that have sent nothing for a window', () => {
    const apps = new Map<string, AppUsage>();
    const rateLimiter = createRateLimiter(limits, apps);
    for (let app = 0; app < 100; app += 1) send(rateLimiter, `app-${app}`, [entry('u')], 0);
    expect(apps.size).toBe(100);
    send(rateLimiter, 'another', [entry('u')], 1000);
    expect([...apps.keys()]).toEqual(['another']);
  });

  test('turns that have come', () => {
    const apps = new Map<string, AppUsage>();
    const rateLimiter = createRateLimiter(limits, apps);
    rateLimiter.queueUp('a', 'noisy', 'paced_identity', 0);
    expect(apps.get('a')?.lastTurns.size).toBe(1);
    send(rateLimiter, 'b', [entry('u')], 100);
    expect(apps.has('a')).toBe(false);
  });

  test('but nothing before its time', () => {
    const apps = new Map<string, AppUsage>();
    const rateLimiter = createRateLimiter(limits, apps);
    send(rateLimiter, 'a', entries(10, 'noisy'), 500);
    const turns = Array.from({ length: 20 }, () => rateLimiter.queueUp('a', 'noisy', 'paced_identity', 500));
    expect(turns.at(-1)).toBe(2900);
    send(rateLimiter, 'b', [entry('u')], 1499);
    expect(rateLimiter.roomFor('a', 'noisy', 1499)).toBe(0);
    send(rateLimiter, 'b', [entry('u')], 2600);
    // The window is over, but those who queue are not all through.
    expect(rateLimiter.queueUp('a', 'noisy', 'paced_identity', 2600)).toBe(900);
  });

  test('nor an app for whose limit events still queue', () => {
    const apps = new Map<string, AppUsage>();
    const rateLimiter = createRateLimiter(limits, apps);
    const turns = Array.from({ length: 5000 }, (_, index) => rateLimiter.queueUp('a', `u-${index}`, 'paced_app', 0));
    expect(turns.at(-1)).toBe(4999);
    send(rateLimiter, 'b', [entry('u')], 3000);
    expect(rateLimiter.queueUp('a', 'u', 'paced_app', 3000)).toBe(2000);
    send(rateLimiter, 'b', [entry('u')], 6000);
    expect(apps.has('a')).toBe(false);
  });

  test('and at most once a window, since that visits every identity', () => {
    const apps = new Map<string, AppUsage>();
    const rateLimiter = createRateLimiter(limits, apps);
    const isKnownAfter = (now: number): boolean => {
      send(rateLimiter, 'b', [entry('u')], now);
      return apps.has('a');
    };
    isKnownAfter(500);
    send(rateLimiter, 'a', [entry('u')], 900);
    // What app a has sent is over at 1900.
    expect([1500, 1900, 2499, 2500].map(isKnownAfter)).toEqual([true, true, true, false]);
  });

  test('nor a request that is under way', () => {
    const apps = new Map<string, AppUsage>();
    const rateLimiter = createRateLimiter(limits, apps);
    rateLimiter.reserve('a', entries(10, 'noisy'), 0);
    send(rateLimiter, 'b', [entry('u')], 100_000);
    expect(rateLimiter.roomFor('a', 'noisy', 100_000)).toBe(0);
  });
});

test.each([
  // perApp, events used up, events to send, size of a request
  [7500, 0, 1000, 7500],
  [7500, 3750, 1000, 7500],
  [7500, 3751, 1000, 500],
  [7500, 7500, 1000, 500],
  [7500, 7500, 1200, 400],
  [7500, 7500, 30, 30],
  [3750, 3750, 1000, 334],
  [1500, 1000, 10_000, 500],
  [15, 10, 1000, 15],
  [1, 1, 2, 1],
  [7500, 7500, 0, 0],
])(
  'with %i events a minute, of which %i are used up, a request of %i events has %i at most',
  (perApp, used, count, size) => {
    const limiter = createRateLimiter({ perApp, perIdentity: 15_000, windowMs: 60_000 });
    if (used > 0) limiter.reserve('11', entries(used), 0);
    expect(limiter.requestSize('11', count, 0)).toBe(size);
  },
);

import fc from 'fast-check';
import type { BulkRequest } from '../../lib/heap/bulk.ts';
import { createHeapClient, type Attempt, type SendResult } from '../../lib/heap/client.ts';
import { createRateLimiter, rateLimitsFor } from '../../lib/heap/rate-limiter.ts';
import type { Answer } from '../../lib/heap/transport.ts';
import { createRandom } from '../../local/virtual/random.ts';
import { createVirtualTime } from '../../local/virtual/time.ts';
import { requestsOf, tracksOf, userOf } from './calls.ts';

/** A client whose transport answers by a script, in virtual time; after the script Heap is healthy. */
function start(script: readonly (Answer & { readonly afterMs?: number })[], random = createRandom(1)) {
  const time = createVirtualTime(0);
  const { clock } = time;
  const answers = script.values();
  const sentAt: number[] = [];
  const bodies: string[] = [];
  const attempts: Attempt[] = [];
  const timeouts: number[] = [];
  const urls: string[] = [];
  const rateLimiter = createRateLimiter(rateLimitsFor(1));
  const client = createHeapClient({
    baseUrl: 'https://heap',
    clock,
    random,
    rateLimiter,
    onAttempt: (attempt) => attempts.push(attempt),
    async transport(url, body, timeoutMs) {
      sentAt.push(clock.now());
      timeouts.push(timeoutMs);
      urls.push(url);
      bodies.push(body);
      const { afterMs = 0, ...answer } = answers.next().value ?? { ...ok, afterMs: 0 };
      await clock.sleep(Math.min(afterMs, timeoutMs));
      return afterMs >= timeoutMs ? { kind: 'timeout' } : answer;
    },
  });
  const send = (deadline = 60_000, request = oneEvent): Promise<SendResult> =>
    time.run(() => client.send(request, deadline));
  return {
    clock,
    send,
    sentAt,
    bodies,
    attempts,
    timeouts,
    urls,
    sleep: (ms: number) => time.run(() => clock.sleep(ms)),
  };
}

function requestOf(events: number, appId = '11'): BulkRequest {
  const [request] = requestsOf(tracksOf(events, { appId }));
  if (request === undefined) throw new Error('no request');
  return request;
}

const oneEvent = requestOf(1);
const ok: Answer = { kind: 'answered', status: 200, retryAfter: undefined, body: 'OK' };
const status = (code: number, retryAfter?: string): Answer => ({
  kind: 'answered',
  status: code,
  retryAfter,
  body: 'because',
});
const reset: Answer = { kind: 'unreachable', isConnectionLost: true, detail: 'ECONNRESET' };
const refusedConnection: Answer = { kind: 'unreachable', isConnectionLost: false, detail: 'ECONNREFUSED' };

test.each<[string, Answer, SendResult]>([
  ['delivered', ok, { kind: 'delivered' }],
  ['refused', status(400), { kind: 'refused', status: 400, detail: 'Heap answered 400: because' }],
])('a request that is %s is not sent again', async (_, answer, expected) => {
  const { send, sentAt } = start([answer, status(500)]);
  expect(await send()).toEqual(expected);
  expect(sentAt).toEqual([0]);
});

test.each<[string, Answer, object]>([
  ['unavailable', status(503), { reason: 'heap_error', heapStatus: 503 }],
  ['throttling', status(429), { reason: 'heap_throttled', heapStatus: 429 }],
  ['redirecting', status(301), { reason: 'heap_redirected', heapStatus: 301 }],
  ['out of reach', refusedConnection, { reason: 'heap_unreachable' }],
  ['silent', { kind: 'timeout' }, { reason: 'heap_timeout' }],
])('while Heap is %s a request is sent four times, and deferred', async (_, answer, expected) => {
  const { send, sentAt } = start(Array.from({ length: 5 }, () => answer));
  expect(await send()).toMatchObject({ kind: 'deferred', ...expected });
  expect(sentAt).toHaveLength(4);
});

describe('attempts within one invocation', () => {
  test('are four at most, with waits that grow', async () => {
    const { send, sentAt } = start(
      Array.from({ length: 9 }, () => status(500)),
      () => 0.5,
    );
    expect(await send()).toMatchObject({ reason: 'heap_error' });
    expect(sentAt).toEqual([0, 125, 375, 875]);
  });

  test('send the same bytes each time, idempotency keys included', async () => {
    const { send, bodies } = start([status(500), { kind: 'timeout' }, reset]);
    await send();
    expect(bodies).toHaveLength(4);
    expect(new Set(bodies).size).toBe(1);
  });

  test('wait as long as Retry-After says, in seconds or as a date', async () => {
    const { send, sentAt } = start([status(429, '7'), status(503, 'Thu, 01 Jan 1970 00:00:20 GMT')]);
    expect(await send()).toEqual({ kind: 'delivered' });
    expect(sentAt).toEqual([0, 7000, 20_000]);
  });

  test('end when Retry-After is later than the deadline, and pass it on', async () => {
    const { send, sentAt } = start([status(429, '120')]);
    expect(await send()).toMatchObject({ kind: 'deferred', reason: 'heap_throttled', retryAfterMs: 120_000 });
    expect(sentAt).toEqual([0]);
  });

  test('come at once after a lost connection, which may have died while the container slept; not after a refused one', async () => {
    const lost = start([reset]);
    await lost.send();
    expect(lost.sentAt).toEqual([0, 0]);
    const refused = start([refusedConnection], () => 0.5);
    await refused.send();
    expect(refused.sentAt).toEqual([0, 125]);
  });

  test('that the deadline ends early are not a failure of Heap, and do not open the circuit', async () => {
    const { send, sentAt } = start([{ ...ok, afterMs: 9000 }]);
    expect(await send(5000)).toMatchObject({ kind: 'deferred', reason: 'out_of_time' });
    expect(sentAt).toEqual([0]);
    for (let request = 0; request < 5; request += 1) expect(await send(1e9)).toEqual({ kind: 'delivered' });
  });

  test('come at once only after the first lost connection of a request', async () => {
    const { send, sentAt } = start([reset, reset, reset, reset], () => 0.5);
    expect(await send()).toMatchObject({ reason: 'heap_unreachable' });
    expect(sentAt).toEqual([0, 0, 250, 750]);
  });

  test('are not begun with less than 250 ms left', async () => {
    const late = start([]);
    expect(await late.send(249)).toMatchObject({ reason: 'out_of_time' });
    expect(late.sentAt).toEqual([]);
    const inTime = start([]);
    expect(await inTime.send(250)).toEqual({ kind: 'delivered' });
  });

  test('are not waited for when too little time is left after the wait', async () => {
    const { send, sentAt } = start([status(503, '1')]);
    expect(await send(1249)).toMatchObject({ reason: 'heap_error', retryAfterMs: 1000 });
    expect(sentAt).toEqual([0]);
    const again = start([status(503, '1')]);
    expect(await again.send(1250)).toEqual({ kind: 'delivered' });
  });

  test('have ten seconds each, or what is left', async () => {
    const { send, timeouts } = start([{ ...ok, afterMs: 99_999 }], () => 0);
    await send(14_000);
    expect(timeouts).toEqual([10_000, 4000]);
  });

  test('are reported one by one', async () => {
    const { send, attempts } = start([
      { ...status(500), afterMs: 30 },
      { kind: 'timeout', afterMs: 99_999 },
    ]);
    await send();
    expect(attempts).toEqual([
      { path: '/api/track', entries: 1, durationMs: 30, result: 500 },
      { path: '/api/track', entries: 1, durationMs: 10_000, result: 'timeout' },
      { path: '/api/track', entries: 1, durationMs: 0, result: 200 },
    ]);
  });

  test('never end after the deadline, whatever Heap does', async () => {
    const answer = fc.record({
      answer: fc.constantFrom(ok, reset, refusedConnection, status(500), status(429, '3'), status(503, '30')),
      afterMs: fc.integer({ min: 0, max: 30_000 }),
    });
    await fc.assert(
      fc.asyncProperty(
        fc.array(answer, { maxLength: 8 }),
        fc.integer({ min: 0, max: 60_000 }),
        fc.integer(),
        async (script, deadline, seed) => {
          const { send, clock } = start(
            script.map(({ answer: given, afterMs }) => ({ ...given, afterMs })),
            createRandom(seed),
          );
          await send(deadline);
          expect(clock.now()).toBeLessThanOrEqual(deadline);
        },
      ),
      { numRuns: 500 },
    );
  });
});

describe('the circuit', () => {
  test('opens after four failures: the next request is not sent, a later one probes, and a success closes it', async () => {
    const { send, sentAt, sleep } = start(Array.from({ length: 5 }, () => status(503)));
    expect(await send()).toMatchObject({ reason: 'heap_error' });
    expect(sentAt).toHaveLength(4);
    expect(await send()).toMatchObject({ kind: 'deferred', reason: 'circuit_open', retryAfterMs: expect.any(Number) });
    expect(sentAt).toHaveLength(4);

    await sleep(30_000);
    expect(await send(1e9)).toMatchObject({ reason: 'heap_error' });
    expect(sentAt).toHaveLength(5);
    expect(await send(1e9)).toMatchObject({ reason: 'circuit_open' });

    await sleep(30_000);
    expect(await send(1e9)).toEqual({ kind: 'delivered' });
    expect(await send(1e9)).toEqual({ kind: 'delivered' });
  });

  test('is closed by a refusal as well: Heap is available', async () => {
    const { send } = start([status(503), status(503), status(503), status(400), status(503)]);
    expect(await send()).toMatchObject({ kind: 'refused' });
    expect(await send(1e9)).toEqual({ kind: 'delivered' });
  });

  test('does not count the first lost connection of a request, which says nothing about Heap', async () => {
    const { send } = start([reset, status(503), status(503), status(503)]);
    expect(await send()).toMatchObject({ reason: 'heap_error' });
    expect(await send(1e9)).toEqual({ kind: 'delivered' });
  });

  test('makes a failed probe return at once: the time is for other apps', async () => {
    const { clock, send, sleep } = start(
      Array.from({ length: 5 }, () => status(503)),
      () => 0.5,
    );
    await send();
    await sleep(30_000);
    const before = clock.now();
    expect(await send(1e9)).toMatchObject({ reason: 'heap_error' });
    expect(clock.now()).toBe(before);
  });

  test('of one app does not stop another app', async () => {
    const { send } = start(Array.from({ length: 4 }, () => status(503)));
    await send();
    expect(await send(60_000, requestOf(1, '22'))).toEqual({ kind: 'delivered' });
  });
});

describe('the rate limit', () => {
  test('makes a request wait until there is room, when there is time for that', async () => {
    const { send, sentAt } = start([]);
    for (let request = 0; request < 15; request += 1) await send(1e9, requestOf(1000));
    await send(1e9);
    expect(sentAt[15]).toBe(60_000);
  });

  test('defers a request at once when there is no time for that', async () => {
    const { send, sentAt } = start([]);
    for (let request = 0; request < 15; request += 1) await send(1e9, requestOf(1000));
    const before = sentAt.length;
    expect(await send(40_000)).toMatchObject({
      kind: 'deferred',
      reason: 'paced_app',
      retryAfterMs: expect.any(Number),
    });
    expect(sentAt).toHaveLength(before);
  });

  test('counts a refused request too: nobody knows how much of it Heap has stored', async () => {
    const { send, sentAt } = start(Array.from({ length: 16 }, () => status(400)));
    for (let request = 0; request < 16; request += 1) await send(1e9, requestOf(1000));
    expect(sentAt[15]).toBe(60_000);
  });

  test('does not hold for user properties: Heap documents none', async () => {
    const { send, sentAt, urls } = start([]);
    const [users] = requestsOf(Array.from({ length: 1000 }, (_, index) => userOf(`u-${index}`, { a: 1 })));
    for (let request = 0; request < 20; request += 1) await send(1e9, users);
    expect(new Set(sentAt)).toEqual(new Set([0]));
    expect(new Set(urls)).toEqual(new Set(['https://heap/api/add_user_properties']));
  });

  test('counts every attempt of a request', async () => {
    const { send, sentAt } = start([reset]);
    for (let request = 0; request < 15; request += 1) await send(1e9, requestOf(1000));
    // The first request took two of the fifteen places.
    expect(sentAt.filter((at) => at < 60_000)).toHaveLength(15);
    expect(sentAt).toHaveLength(16);
  });

  test('that has no room for another attempt leaves the cause, with the wait for room', async () => {
    const { send } = start([...Array.from({ length: 14 }, () => ok), status(503)], () => 0);
    for (let request = 0; request < 14; request += 1) await send(1e9, requestOf(1000));
    expect(await send(50_000, requestOf(1000))).toMatchObject({
      kind: 'deferred',
      reason: 'heap_error',
      retryAfterMs: expect.any(Number),
    });
  });
});

import fc from 'fast-check';
import { groupByApp, toRequests, type BulkRequest } from '../../lib/heap/bulk.ts';
import { createHeapClient, type Attempt, type SendResult } from '../../lib/heap/client.ts';
import { createRateLimiter, rateLimitsFor } from '../../lib/heap/rate-limiter.ts';
import type { Answer } from '../../lib/heap/transport.ts';
import { createRandom } from '../../local/virtual/random.ts';
import { createVirtualTime } from '../../local/virtual/time.ts';

/** A client whose transport answers by a script, in virtual time; after the script Heap is healthy. */
function start(script: readonly (Answer & { readonly afterMs?: number })[], random = createRandom(1)) {
  const time = createVirtualTime(0);
  const { clock } = time;
  const answers = script.values();
  const sentAt: number[] = [];
  const bodies: string[] = [];
  const attempts: Attempt[] = [];
  const rateLimiter = createRateLimiter(rateLimitsFor(1));
  const client = createHeapClient({
    baseUrl: 'https://heap',
    clock,
    random,
    rateLimiter,
    onAttempt: (attempt) => attempts.push(attempt),
    async transport(_, body, timeoutMs) {
      sentAt.push(clock.now());
      bodies.push(body);
      const { afterMs = 0, ...answer } = answers.next().value ?? { ...ok, afterMs: 0 };
      await clock.sleep(Math.min(afterMs, timeoutMs));
      return afterMs >= timeoutMs ? { kind: 'timeout' } : answer;
    },
  });
  const send = (deadline = 60_000, request = oneEvent): Promise<SendResult> =>
    time.run(() => client.send(request, deadline));
  return { clock, send, sentAt, bodies, attempts, sleep: (ms: number) => time.run(() => clock.sleep(ms)) };
}

function requestOf(events: number, appId = '11'): BulkRequest {
  const calls = Array.from({ length: events }, (_, index) => ({
    call: {
      kind: 'track' as const,
      appId,
      payload: { identity: `u-${index}`, event: 'A', properties: {}, idempotency_key: `k-${index}` },
    },
    arrivedAt: 0,
  }));
  const [request] = [...groupByApp(calls).values()].flat().flatMap((group) => toRequests(group));
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

describe('what Heap’s answer means', () => {
  test.each<[string, Answer, SendResult['kind'], object]>([
    ['200 with any body', ok, 'delivered', {}],
    ['204', status(204), 'delivered', {}],
    ['400', status(400), 'refused', { status: 400, detail: 'Heap answered 400: because' }],
    ['401', status(401), 'refused', { status: 401 }],
    ['404', status(404), 'refused', { status: 404 }],
    ['413', status(413), 'refused', { status: 413 }],
    ['301', status(301), 'deferred', { reason: 'heap_redirected', heapStatus: 301 }],
    ['408', status(408), 'deferred', { reason: 'heap_error', heapStatus: 408 }],
    ['429', status(429), 'deferred', { reason: 'heap_throttled', heapStatus: 429 }],
    ['500', status(500), 'deferred', { reason: 'heap_error', heapStatus: 500 }],
    ['504', status(504), 'deferred', { reason: 'heap_error', heapStatus: 504 }],
    [
      'a cut connection',
      reset,
      'deferred',
      { reason: 'heap_unreachable', detail: 'Heap cannot be reached: ECONNRESET' },
    ],
    ['silence', { kind: 'timeout' }, 'deferred', { reason: 'heap_timeout' }],
  ])('%s', async (_, answer, kind, more) => {
    const { send } = start(Array.from({ length: 5 }, () => answer));
    expect(await send()).toMatchObject({ kind, ...more });
  });
});

describe('attempts within one invocation', () => {
  test('go on to the fourth, with waits that grow and differ', async () => {
    const { send, sentAt } = start([status(500), status(500), status(500)], () => 0.5);
    expect(await send()).toEqual({ kind: 'delivered' });
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

  test('a connection that died while the container slept is tried again at once; one that is refused is not', async () => {
    const lost = start([reset]);
    await lost.send();
    expect(lost.sentAt).toEqual([0, 0]);
    const refused = start([refusedConnection], () => 0.5);
    await refused.send();
    expect(refused.sentAt).toEqual([0, 125]);
  });

  test('that the deadline cuts short are no failure of Heap’s', async () => {
    const { send, sentAt } = start([{ ...ok, afterMs: 9000 }]);
    expect(await send(5000)).toMatchObject({ kind: 'deferred', reason: 'out_of_time' });
    expect(sentAt).toEqual([0]);
    for (let request = 0; request < 5; request += 1) expect(await send(1e9)).toEqual({ kind: 'delivered' });
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
  test('opens after four failures: the next request is not sent; later one probes, and success closes it', async () => {
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

  test('of one app does not stop another', async () => {
    const { send } = start(Array.from({ length: 4 }, () => status(503)));
    await send();
    expect(await send(60_000, requestOf(1, '22'))).toEqual({ kind: 'delivered' });
  });
});

describe('the pace', () => {
  test('holds a request back until there is room, and sends it when there is time for that', async () => {
    const { send, sentAt } = start([]);
    for (let request = 0; request < 15; request += 1) await send(1e9, requestOf(1000));
    await send(1e9);
    expect(sentAt[15]).toBe(60_000);
  });

  test('gives up at once when there is no time', async () => {
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

  test('a refused request counts as well: nobody knows how much of it Heap has taken in', async () => {
    const { send, sentAt } = start(Array.from({ length: 16 }, () => status(400)));
    for (let request = 0; request < 16; request += 1) await send(1e9, requestOf(1000));
    expect(sentAt[15]).toBe(60_000);
  });
});

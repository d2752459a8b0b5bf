import fc from 'fast-check';
import type { BulkRequest } from '../../lib/heap/bulk.ts';
import { CIRCUIT_POLICY, createCircuit } from '../../lib/heap/circuit.ts';
import { createHeapClient, type Attempt, type SendResult } from '../../lib/heap/client.ts';
import { createRateLimiter, rateLimitsFor } from '../../lib/heap/rate-limiter.ts';
import type { Answer } from '../../lib/heap/transport.ts';
import { deferred } from '../../lib/outcome.ts';
import { createRandom } from '../../local/virtual/random.ts';
import { createVirtualTime } from '../../local/virtual/time.ts';
import { requestsOf, tracksOf, userOf } from './calls.ts';

const times = <Value>(count: number, value: Value): Value[] => Array.from({ length: count }, () => value);

type Scripted = Answer & { readonly afterMs?: number };

/** A client whose transport answers by a script or a rule, in virtual time; after the script Heap is healthy. */
function start(
  script: readonly Scripted[] | ((body: string) => Scripted),
  random = createRandom(1),
  circuitPolicy = CIRCUIT_POLICY,
) {
  const time = createVirtualTime(0);
  const { clock } = time;
  const answers = typeof script === 'function' ? undefined : script.values();
  const answerTo = (body: string): Scripted =>
    typeof script === 'function' ? script(body) : (answers?.next().value ?? ok);
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
    createCircuit: () => createCircuit(circuitPolicy),
    onAttempt: (attempt) => attempts.push(attempt),
    async transport(url, bytes, timeoutMs) {
      const body = bytes.toString();
      sentAt.push(clock.now());
      timeouts.push(timeoutMs);
      urls.push(url);
      bodies.push(body);
      const { afterMs = 0, ...answer } = answerTo(body);
      await clock.sleep(Math.min(afterMs, timeoutMs));
      return afterMs >= timeoutMs ? { kind: 'timeout' } : answer;
    },
  });
  const send = (deadline = 60_000, request = oneEvent): Promise<SendResult> =>
    time.run(() => client.send(request, deadline));
  return {
    time,
    client,
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
  ['refused with 400', status(400), { kind: 'refused', status: 400, detail: 'Heap answered 400: because' }],
  ['refused with 413', status(413), { kind: 'refused', status: 413, detail: 'Heap answered 413: because' }],
  ['refused with 422', status(422), { kind: 'refused', status: 422, detail: 'Heap answered 422: because' }],
])('a request that is %s is not sent again', async (_, answer, expected) => {
  const { send, sentAt } = start([answer, status(500)]);
  expect(await send()).toEqual(expected);
  expect(sentAt).toEqual([0]);
});

test.each<[string, Answer, object]>([
  ['unavailable', status(503), { reason: 'heap_error', heapStatus: 503 }],
  ['throttling', status(429), { reason: 'heap_throttled', heapStatus: 429 }],
  ['redirecting', status(301), { reason: 'heap_redirected', heapStatus: 301 }],
  ['forbidding', status(403), { reason: 'heap_client_error', heapStatus: 403 }],
  ['out of reach', refusedConnection, { reason: 'heap_unreachable' }],
  ['silent', { kind: 'timeout' }, { reason: 'heap_timeout' }],
])('while Heap is %s a request is sent four times, and deferred', async (_, answer, expected) => {
  const { send, sentAt } = start(Array.from({ length: 5 }, () => answer));
  expect(await send()).toMatchObject({ kind: 'deferred', ...expected });
  expect(sentAt).toHaveLength(4);
});

test('every other 4xx is an answer about the request: it is sent four times, and never refused', async () => {
  for (let code = 400; code < 500; code += 1) {
    if (code === 400 || code === 413 || code === 422) continue;
    const { send, sentAt } = start(Array.from({ length: 4 }, () => status(code)));
    expect(await send()).toMatchObject({ kind: 'deferred', heapStatus: code });
    expect(sentAt).toHaveLength(4);
  }
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

  test('have ten seconds, and twice as long after each attempt without an answer, or what is left', async () => {
    const { send, timeouts } = start([{ ...ok, afterMs: 99_999 }], () => 0);
    await send(14_000);
    expect(timeouts).toEqual([10_000, 4000]);
    const longer = start(
      Array.from({ length: 4 }, () => ({ ...ok, afterMs: 999_999 })),
      () => 0,
    );
    await longer.send(1e9);
    expect(longer.timeouts).toEqual([10_000, 20_000, 40_000, 80_000]);
  });

  test('get through to a Heap that takes 15 s for every request, and do not fail again once that is known', async () => {
    const { send, timeouts, clock } = start(
      () => ({ ...ok, afterMs: 15_000 }),
      () => 0,
    );
    expect(await send(52_000)).toEqual({ kind: 'delivered' });
    expect(clock.now()).toBe(25_000);
    for (let request = 1; request <= 5; request += 1) {
      expect(await send(clock.now() + 52_000)).toEqual({ kind: 'delivered' });
      expect(clock.now()).toBe(25_000 + request * 15_000);
    }
    expect(timeouts).toEqual([10_000, 20_000, 30_000, 30_000, 30_000, 30_000, 30_000]);
  });

  test('get through to a Heap that is slow for one app, while it answers other apps at once', async () => {
    const { client, time, clock } = start(
      (body) => ({
        ...ok,
        afterMs: body.includes('"app_id":"slow"') ? 15_000 : 100,
      }),
      () => 0.9,
    );
    await time.run(async () => {
      const slow = client.send(requestOf(1, 'slow'), 52_000);
      while (clock.now() < 40_000) await client.send(requestOf(1, 'fast'), 52_000);
      expect(await slow).toEqual({ kind: 'delivered' });
    });
  });

  test.each([
    [9999, 'out_of_time'],
    [9987.4, 'out_of_time'],
    [10_000, 'heap_timeout'],
    [10_000.5, 'heap_timeout'],
  ])('with %f ms until the deadline end as %s when Heap does not answer', async (deadline, reason) => {
    const { send, timeouts } = start(() => ({ ...ok, afterMs: 99_999 }));
    expect(await send(deadline)).toMatchObject({ kind: 'deferred', reason });
    expect(timeouts[0]).toBe(Math.min(deadline, 10_000));
  });

  test('of which the last is ended early by the deadline keep the cause of the one before', async () => {
    const { send } = start([status(503), { ...ok, afterMs: 9000 }], () => 0);
    expect(await send(5000)).toMatchObject({ reason: 'heap_error', heapStatus: 503 });
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
        fc.double({ min: 0, max: 60_000, noNaN: true }),
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
  /** Its policy, but for the number of failures, is that of the function. */
  const startFour = (script: Parameters<typeof start>[0], random?: () => number): ReturnType<typeof start> =>
    start(script, random, { ...CIRCUIT_POLICY, failures: 4 });

  test('opens after four failures: the next request is not sent, a later one probes, and a success closes it', async () => {
    const { send, sentAt, sleep } = startFour(Array.from({ length: 5 }, () => status(503)));
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
    const { send } = startFour([status(503), status(503), status(503), status(400), status(503)]);
    expect(await send()).toMatchObject({ kind: 'refused' });
    expect(await send(1e9)).toEqual({ kind: 'delivered' });
  });

  test('does not count the first lost connection of a request, which says nothing about Heap', async () => {
    const { send } = startFour([reset, status(503), status(503), status(503)]);
    expect(await send()).toMatchObject({ reason: 'heap_error' });
    expect(await send(1e9)).toEqual({ kind: 'delivered' });
  });

  test('makes a failed probe return at once: the time is for other apps', async () => {
    const { clock, send, sleep } = startFour(
      Array.from({ length: 5 }, () => status(503)),
      () => 0.5,
    );
    await send();
    await sleep(30_000);
    const before = clock.now();
    expect(await send(1e9)).toMatchObject({ reason: 'heap_error' });
    expect(clock.now()).toBe(before);
  });

  test('of one app does not stop another app, however often it fails', async () => {
    const { send, sleep } = startFour((body) => (body.includes('"app_id":"11"') ? status(503) : ok));
    for (let round = 0; round < 10; round += 1) {
      await send(1e9);
      expect(await send(1e9, requestOf(1, `app-${round}`))).toEqual({ kind: 'delivered' });
      await sleep(30_000);
    }
  });

  test.each<[string, Scripted]>([
    ['5xx', status(503)],
    ['3xx', status(302)],
    ['408', status(408)],
    ['an unreachable host', refusedConnection],
    ['no answer', { ...ok, afterMs: 1e9 }],
  ])('opens for all apps when two of them fail by %s', async (_, answer) => {
    const { send, sentAt, clock } = startFour(() => answer);
    await send(1e9);
    // The second app is stopped after one attempt: the host has failed five times in a row.
    await send(1e9, requestOf(1, '22'));
    expect(sentAt).toHaveLength(5);
    expect(await send(1e9, requestOf(1, '33'))).toMatchObject({ reason: 'circuit_open', retryAfterMs: 30_000 });
    expect(sentAt).toHaveLength(5);
    expect(clock.now()).toBeLessThan(1e9);
  });

  test.each([401, 403, 404, 405, 409, 410, 423, 429, 451])('opens only for the apps that get %i', async (code) => {
    const { send, sentAt } = startFour((body) => (body.includes('"app_id":"good"') ? ok : status(code)));
    for (const appId of ['11', '22', '33']) await send(1e9, requestOf(1, appId));
    expect(sentAt).toHaveLength(12);
    expect(await send(1e9, requestOf(1, '22'))).toMatchObject({ reason: 'circuit_open' });
    expect(await send(1e9, requestOf(1, 'good'))).toEqual({ kind: 'delivered' });
  });

  test('of one endpoint does not stop the other, neither for an app nor for all', async () => {
    const [users] = requestsOf([userOf('u', { a: 1 })]);
    const { send, sentAt } = startFour((body) => (body.includes('"users"') ? status(503) : ok));
    await send(1e9, users);
    await send(1e9, requestsOf([userOf('u', { a: 1 }, { appId: '22' })])[0]);
    expect(await send(1e9, users)).toMatchObject({ reason: 'circuit_open' });
    expect(sentAt).toHaveLength(5);
    expect(await send(1e9)).toEqual({ kind: 'delivered' });
    expect(await send(1e9, requestOf(1, '22'))).toEqual({ kind: 'delivered' });
  });

  test('of the host is closed by a refusal', async () => {
    const failures = Array.from({ length: 5 }, () => status(503));
    const { send, sleep } = startFour([...failures, status(400), status(503)]);
    await send();
    await send(60_000, requestOf(1, '22'));
    await sleep(30_000);
    expect(await send(1e9, requestOf(1, '33'))).toMatchObject({ kind: 'refused' });
    expect(await send(1e9, requestOf(1, '44'))).toEqual({ kind: 'delivered' });
  });

  test.each<[string, Scripted, string, number | undefined]>([
    ['5xx', status(503), 'Heap answered 503: because', 503],
    ['429', status(429), 'Heap answered 429: because', 429],
    ['no connection', refusedConnection, 'Heap cannot be reached: ECONNREFUSED', undefined],
    ['no answer', { ...ok, afterMs: 1e9 }, 'Heap did not answer in time', undefined],
  ])('that is open says what has opened it: %s', async (_, answer, cause, heapStatus) => {
    const { send } = startFour(() => answer);
    await send(1e9);
    const more = heapStatus === undefined ? {} : { heapStatus };
    expect(await send(1e9)).toEqual(
      deferred('circuit_open', `Heap has failed several times in a row, at last: ${cause}`, {
        retryAfterMs: 30_000,
        ...more,
      }),
    );
  });

  test('of the host says what has opened it, also to an app that has sent nothing', async () => {
    const { send } = startFour((body) => status(body.includes('"app_id":"22"') ? 502 : 503));
    await send(1e9);
    await send(1e9, requestOf(1, '22'));
    expect(await send(1e9, requestOf(1, '33'))).toEqual(
      deferred('circuit_open', 'Heap has failed several times in a row, at last: Heap answered 502: because', {
        retryAfterMs: 30_000,
        heapStatus: 502,
      }),
    );
  });

  test('that is probing lets one of several requests at once through; the others go when it has succeeded', async () => {
    const { time, client, clock, send, sentAt, sleep } = startFour([...times(4, status(503)), { ...ok, afterMs: 700 }]);
    await send();
    await sleep(30_000);
    const results = await time.run(() =>
      Promise.all(times(5, undefined).map(async () => [await client.send(requestOf(1), 1e9), clock.now()] as const)),
    );
    const probedAt = sentAt[4] ?? 0;
    expect(sentAt.slice(4)).toEqual([probedAt, ...times(4, probedAt + 700)]);
    expect(results.map(([{ kind }]) => kind)).toEqual(times(5, 'delivered'));
  });

  test('that is probing keeps the other requests back when the probe fails, or takes the next one when it has no verdict', async () => {
    const { time, client, send, sentAt, sleep } = startFour(times(5, status(503)));
    await send();
    await sleep(30_000);
    const sendAll = (deadlines: readonly number[]): Promise<readonly SendResult[]> =>
      time.run(() => Promise.all(deadlines.map((deadline) => client.send(requestOf(1), deadline))));
    // The first has no time for an attempt, the second probes.
    const results = await sendAll([30_100, 1e9, 1e9, 1e9]);
    expect(sentAt).toHaveLength(5);
    expect(results.map((result) => result.kind === 'deferred' && result.reason)).toEqual([
      'out_of_time',
      'heap_error',
      'circuit_open',
      'circuit_open',
    ]);
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

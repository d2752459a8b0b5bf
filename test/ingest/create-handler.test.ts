import type { APIGatewayProxyEventV2 } from 'aws-lambda';
import { createIngestHandler } from '../../lib/ingest/create-handler.ts';
import type { EventQueue } from '../../lib/ingest/events/event-queue.ts';
import { createKeyRing } from '../../lib/ingest/keys/key-ring.ts';
import type { OutgoingMessage } from '../../lib/sqs/message.ts';
import type { SendOutcome } from '../../lib/sqs/send-batch.ts';
import { isArray, valueAt, type JsonObject } from '../../lib/json.ts';
import { webConfig } from '../../lib/rudderstack/web-config.ts';
import { createVirtualTime } from '../../local/virtual/time.ts';
import { settingsWith } from '../support/settings.ts';

const KEYS = JSON.stringify({ writeKeys: { web: 'a-write-key', old: 'an-old-key' }, disabledSources: ['old'] });
const EVENT = JSON.stringify({ userId: 'u', event: 'A' });
const LEFT_MS = 10_000;

/** A request as API Gateway hands it over. */
function requestOf(
  method: string,
  path: string,
  { key = 'a-write-key', body = EVENT, query = '', etag = '', origin = 'https://shop.example' } = {},
): APIGatewayProxyEventV2 {
  const authorization = `Basic ${Buffer.from(`${key}:`).toString('base64')}`;
  return {
    version: '2.0',
    routeKey: '$default',
    rawPath: path,
    rawQueryString: query,
    headers: {
      authorization,
      ...(origin === '' ? {} : { origin }),
      ...(etag === '' ? {} : { 'if-none-match': etag }),
    },
    requestContext: {
      accountId: '1',
      apiId: 'a',
      domainName: 'd',
      domainPrefix: 'd',
      http: { method, path, protocol: 'HTTP/1.1', sourceIp: '192.0.2.7', userAgent: 'test' },
      requestId: 'r',
      routeKey: '$default',
      stage: '$default',
      time: '',
      timeEpoch: 0,
    },
    body,
    isBase64Encoded: false,
  };
}

type Answer = (
  messages: readonly OutgoingMessage[],
  sleep: (ms: number) => Promise<void>,
) => Promise<readonly SendOutcome[]> | readonly SendOutcome[];
const takeAll = (messages: readonly OutgoingMessage[]): readonly SendOutcome[] =>
  messages.map(() => ({ kind: 'sent' }));
const busy = (messages: readonly OutgoingMessage[]): readonly SendOutcome[] =>
  messages.map(() => ({ kind: 'failed', code: 'InternalError', message: 'not now', isSenderFault: false }));

/** A handler before a queue that answers as told, and everything that it says and sends. */
function start({
  answer = takeAll,
  load = async () => KEYS,
  config = {},
}: { answer?: Answer; load?: () => Promise<string>; config?: JsonObject } = {}) {
  const time = createVirtualTime();
  const { clock } = time;
  const calls: { readonly bodies: readonly unknown[]; readonly leftMs: number }[] = [];
  const told: string[] = [];
  const startedAt = clock.now();
  const queue: EventQueue = {
    isFifo: false,
    async sendBatch(messages, deadline) {
      calls.push({ bodies: messages.map(({ body }): unknown => JSON.parse(body)), leftMs: deadline - startedAt });
      // Like the real one it is aborted at its deadline.
      return await answer(messages, (ms) => clock.sleep(Math.min(ms, deadline - clock.now())));
    },
  };
  const random = (): number => 0.5;
  const onUnavailable = (error: unknown): void => void told.push(`problem: keys_unavailable ${String(error)}`);
  const handle = createIngestHandler({
    clock,
    random,
    queue,
    deadLetterQueue: queue,
    webConfig: webConfig(settingsWith(config)),
    keyRing: createKeyRing({ load, clock, random, onStale: () => undefined, onUnavailable }),
    telemetry: {
      startInvocation: () => undefined,
      reportTaken: (source, { events, messages, withoutTime }) =>
        told.push(`taken: ${source} ${events} ${messages}${withoutTime > 0 ? `, ${withoutTime} without a time` : ''}`),
      reportDeviceModeConfig: () => told.push('device mode'),
      reportRefusal: (reason) => told.push(`refused: ${reason}`),
      reportProblem: (code, error) => told.push(`problem: ${code} ${String(error)}`),
    },
  });
  const request = (...args: Parameters<typeof requestOf>) =>
    time.run(() => handle(requestOf(...args), { getRemainingTimeInMillis: () => startedAt + LEFT_MS - clock.now() }));
  const wait = (ms: number) => time.run(() => clock.sleep(ms));
  return { request, calls, told, wait, sinceStart: () => clock.now() - startedAt };
}

test('events whose times cannot be read are taken and counted; those without times are of now', async () => {
  const { request, told } = start();
  const times = [
    {},
    { timestamp: '2026-02-30' },
    { originalTimestamp: 'x' },
    { timestamp: '', originalTimestamp: null },
  ];
  const batch = times.map((one) => ({ type: 'track', userId: 'u', event: 'A', ...one }));
  expect(await request('POST', '/v1/batch', { body: JSON.stringify({ batch }) })).toMatchObject({ statusCode: 200 });
  expect(told).toEqual(['taken: web 4 1, 2 without a time']);
});

test('an event is answered "ok" when it is in the queue', async () => {
  const { request, calls, told } = start();
  expect(await request('POST', '/v1/track')).toMatchObject({ statusCode: 200, body: 'ok' });
  expect(calls).toMatchObject([{ bodies: [{ type: 'track', userId: 'u', event: 'A', request_ip: '192.0.2.7' }] }]);
  expect(told).toEqual(['taken: web 1 1']);
});

describe('a second is kept for the answer', () => {
  test('so a call to SQS has until a second before the end', async () => {
    const { request, calls } = start();
    await request('POST', '/v1/track');
    expect(calls.map(({ leftMs }) => leftMs)).toEqual([LEFT_MS - 1000]);
  });

  test('so the sender of an event that SQS does not take until then hears 503 in time', async () => {
    const { request, calls, told, sinceStart } = start({
      async answer(messages, sleep) {
        await sleep(3000);
        return busy(messages);
      },
    });
    expect(await request('POST', '/v1/track')).toMatchObject({ statusCode: 503, headers: { 'retry-after': '3' } });
    const refusedBySqs = 'problem: queue_send_failed InternalError: SQS answered InternalError';
    expect(told).toEqual([refusedBySqs, refusedBySqs, refusedBySqs, 'refused: queue_unavailable']);
    expect(calls).toHaveLength(3);
    expect(sinceStart()).toBe(LEFT_MS - 1000);
  });
});

test.each<[string, Parameters<typeof requestOf>, number, string]>([
  ['an unknown path', ['POST', '/v2/track'], 404, 'unknown_path'],
  ['a wrong method', ['GET', '/v1/track'], 405, 'wrong_method'],
  ['a wrong key', ['POST', '/v1/track', { key: 'a-wrong-key' }], 401, 'invalid_write_key'],
  ['no key', ['POST', '/v1/track', { key: '' }], 401, 'no_write_key_in_header'],
  ['a disabled source', ['POST', '/v1/track', { key: 'an-old-key' }], 404, 'source_disabled'],
  ['a body that is not valid JSON', ['POST', '/v1/track', { body: '{' }], 400, 'not_json'],
])('%s is refused and reported, and nothing is in the queue', async (_, args, statusCode, reason) => {
  const { request, calls, told } = start();
  const result = await request(...args);
  expect(result).toMatchObject({ statusCode, headers: { 'access-control-allow-origin': 'https://shop.example' } });
  expect(told).toEqual([`refused: ${reason}`]);
  expect(calls).toEqual([]);
});

test('a call to SQS that fails is reported, and made again', async () => {
  let calls = 0;
  const { request, told } = start({
    answer(messages) {
      calls += 1;
      if (calls === 1) throw new Error('SQS is not there');
      return takeAll(messages);
    },
  });
  expect(await request('POST', '/v1/track')).toMatchObject({ statusCode: 200 });
  expect(told).toEqual(['problem: queue_send_failed Error: SQS is not there', 'taken: web 1 1']);
});

test('while the keys cannot be read the sender is asked to come again', async () => {
  const { request, told, wait } = start({ load: () => Promise.reject(new Error('no parameter')) });
  const refused = { statusCode: 503, body: 'service unavailable\n' };
  expect(await request('POST', '/v1/track')).toMatchObject({ ...refused, headers: { 'retry-after': '2' } });
  await wait(600);
  expect(await request('POST', '/v1/track')).toMatchObject({ ...refused, headers: { 'retry-after': '1' } });
  expect(told).toEqual([
    'problem: keys_unavailable Error: no parameter',
    'refused: keys_unavailable',
    'refused: keys_unavailable',
  ]);
});

test('a key that cannot be checked because the last read has failed is refused as keys_unavailable', async () => {
  let isUp = true;
  const { request, told, wait } = start({
    load: () => (isUp ? Promise.resolve(KEYS) : Promise.reject(new Error('down'))),
  });
  await request('POST', '/v1/track');
  isUp = false;
  await wait(30_000);
  const refused = await request('POST', '/v1/track', { key: 'a-new-key' });
  expect(refused).toMatchObject({ statusCode: 503, headers: { 'retry-after': '30' } });
  expect(told).toEqual(['taken: web 1 1', 'refused: keys_unavailable']);
});

test('a key that cannot be checked now is answered 503, and says when to come again', async () => {
  const { request, told, wait } = start();
  expect(await request('POST', '/v1/track')).toMatchObject({ statusCode: 200 });
  await wait(10_500);
  const early = await request('POST', '/v1/track', { key: 'a-wrong-key' });
  expect(early).toMatchObject({ statusCode: 503, body: 'service unavailable\n', headers: { 'retry-after': '20' } });
  await wait(20_000);
  const decided = await request('POST', '/v1/track', { key: 'a-wrong-key' });
  expect(decided).toMatchObject({ statusCode: 401 });
  expect(decided.headers).not.toHaveProperty('retry-after');
  expect(told).toEqual(['taken: web 1 1', 'refused: key_undecided', 'refused: invalid_write_key']);
});

test('a new key is never answered 401 while the store fails, and is taken when it can be read', async () => {
  let document = KEYS;
  const { request, wait } = start({ load: () => Promise.resolve(document) });
  const send = async () => (await request('POST', '/v1/track', { key: 'a-new-key' })).statusCode;
  await request('POST', '/v1/track');
  document = '{"writeKeys":{"web":["a-write-key","a-new-key"],}}';
  for (let second = 0; second < 120; second += 10) {
    expect(await send()).toBe(503);
    await wait(10_000);
  }
  document = document.replace(',}', '}');
  await wait(30_000);
  expect(await send()).toBe(200);
});

test('a page may read Retry-After, of any answer', async () => {
  const { request } = start();
  const exposed = { headers: { 'access-control-expose-headers': 'Retry-After' } };
  expect(await request('POST', '/v1/track')).toMatchObject(exposed);
  expect(await request('POST', '/v1/track', { key: 'a-wrong-key' })).toMatchObject({ statusCode: 503, ...exposed });
  const preflight = await request('OPTIONS', '/v1/track');
  expect(preflight.headers).not.toHaveProperty('access-control-expose-headers');
});

test('a browser’s preflight needs no key', async () => {
  const { request, told } = start();
  expect(await request('OPTIONS', '/v1/track', { key: '' })).toMatchObject({ statusCode: 204 });
  expect(told).toEqual([]);
});

test('health needs no key and no queue', async () => {
  const { request } = start({ load: () => Promise.reject(new Error('no parameter')) });
  expect(await request('GET', '/health', { key: '' })).toMatchObject({
    statusCode: 200,
    body: '{"server":"UP","acceptingEvents":"TRUE"}',
  });
});

describe('the source configuration', () => {
  const deviceMode = { useNativeSDK: { web: true } };
  const web = { query: 'p=npm&v=3.34.1&writeKey=a-write-key' };
  const bodyOf = (result: { readonly body?: string | undefined }): unknown => JSON.parse(result.body ?? '');
  const destinationsIn = (result: { readonly body?: string | undefined }): unknown =>
    valueAt(bodyOf(result), ['source', 'destinations']);

  test.each([
    ['p=npm', 1],
    ['p=cdn', 1],
    ['p=android', 0],
    ['p=ios', 0],
    ['p=androidKotlin', 0],
    ['', 0],
  ])('in device mode an SDK that asks with "%s" is told of %i destinations', async (query, count) => {
    const { request, told } = start({ config: deviceMode });
    const destinations = destinationsIn(await request('GET', '/sourceConfig', { query }));
    expect(isArray(destinations) && destinations.length).toBe(count);
    expect(told).toEqual(count === 0 ? [] : ['device mode']);
  });

  test('in cloud mode no SDK is told of a destination', async () => {
    const { request, told } = start();
    expect(destinationsIn(await request('GET', '/sourceConfig', web))).toEqual([]);
    expect(told).toEqual([]);
  });

  test('a Web SDK gets what its versions and the models of the mobile SDKs require', async () => {
    const { request } = start({ config: deviceMode });
    const time = expect.stringMatching(/^\d{4}-\d\d-\d\dT/);
    expect(bodyOf(await request('GET', '/sourceConfig/', web))).toMatchObject({
      source: {
        id: 'web',
        enabled: true,
        config: { statsCollection: { errors: { enabled: false }, metrics: { enabled: false } } },
        destinations: [
          {
            id: 'heap',
            name: 'Heap',
            enabled: true,
            updatedAt: time,
            destinationDefinitionId: 'heap',
            destinationDefinition: { name: 'HEAP', displayName: 'Heap.io', updatedAt: time },
            shouldApplyDeviceModeTransformation: false,
            propagateEventsUntransformedOnError: false,
            config: { appId: '11', connectionMode: 'device', useNativeSDK: true },
          },
        ],
      },
      updatedAt: time,
      consentManagementMetadata: {
        providers: [
          { provider: 'oneTrust', resolutionStrategy: 'and' },
          { provider: 'ketch', resolutionStrategy: 'or' },
          { provider: 'iubenda', resolutionStrategy: 'or' },
        ],
      },
    });
  });

  test('a browser may keep it, and is told with 304 that nothing has changed', async () => {
    const { request } = start({ config: deviceMode });
    const first = await request('GET', '/sourceConfig/', web);
    const etag = String(first.headers?.['etag']);
    expect(first).toMatchObject({
      statusCode: 200,
      headers: {
        etag: expect.stringMatching(/^"[\w-]{22}"$/),
        'cache-control': 'private, max-age=300, stale-while-revalidate=3600',
        vary: 'Origin, Authorization',
      },
    });
    for (const known of [etag, `W/${etag}`, `"other", ${etag}`]) {
      expect(await request('GET', '/sourceConfig/', { ...web, etag: known })).toMatchObject({
        statusCode: 304,
        body: '',
        headers: { etag, 'access-control-allow-origin': 'https://shop.example' },
      });
    }
    expect(await request('GET', '/sourceConfig/', { ...web, etag: '"other"' })).toMatchObject({ statusCode: 200 });
  });

  test('it has another ETag in another mode, and for another platform', async () => {
    const etagOf = async (config: JsonObject, query: string): Promise<unknown> =>
      (await start({ config }).request('GET', '/sourceConfig', { query })).headers?.['etag'];
    const etags = await Promise.all([
      etagOf(deviceMode, 'p=npm'),
      etagOf(deviceMode, 'p=npm'),
      etagOf({}, 'p=npm'),
      etagOf(deviceMode, 'p=ios'),
    ]);
    expect(etags[1]).toBe(etags[0]);
    expect(new Set(etags).size).toBe(3);
  });

  test.each([['a-wrong-key'], ['']])(
    'the key "%s" is answered with 400 and RudderStack’s text, which mobile SDKs take for a wrong key',
    async (key) => {
      const { request, told } = start({ config: deviceMode });
      expect(await request('GET', '/sourceConfig', { key })).toMatchObject({
        statusCode: 400,
        body: 'invalid write key\n',
        headers: { 'cache-control': 'no-store' },
      });
      expect(told).toEqual(['refused: unknown_source']);
    },
  );

  test('a key that cannot be checked now is answered as if it were right, but the answer may not be kept', async () => {
    const { request, told, wait } = start({ config: deviceMode });
    await request('GET', '/sourceConfig', web);
    const args = ['GET', '/sourceConfig', { query: 'p=npm', key: 'a-new-key' }] as const;
    const answer = await request(...args);
    expect(answer).toMatchObject({ statusCode: 200, headers: { 'cache-control': 'no-store' } });
    expect(bodyOf(answer)).toMatchObject({ source: { name: 'unknown', enabled: true } });
    await wait(30_000);
    expect(await request(...args)).toMatchObject({ statusCode: 400 });
    expect(told).toEqual(['device mode', 'device mode', 'refused: unknown_source']);
  });

  test('a disabled source is answered, so that its SDK sends nothing, and the browser nothing to Heap', async () => {
    const { request, told } = start({ config: deviceMode });
    const answer = await request('GET', '/sourceConfig', { ...web, key: 'an-old-key' });
    expect(valueAt(bodyOf(answer), ['source', 'enabled'])).toBe(false);
    expect(destinationsIn(answer)).toEqual([]);
    expect(told).toEqual([]);
  });

  test('an answer that a browser has kept without an origin does not count for a page of another origin', async () => {
    const { request } = start({ config: deviceMode });
    const { headers } = await request('GET', '/sourceConfig', { ...web, origin: '' });
    expect(headers).toMatchObject({ vary: 'Origin, Authorization' });
    expect(headers).not.toHaveProperty('access-control-allow-origin');
  });

  test('it is answered from memory while the keys cannot be read', async () => {
    let isUp = true;
    const { request, wait } = start({
      config: deviceMode,
      load: () => (isUp ? Promise.resolve(KEYS) : Promise.reject(new Error('down'))),
    });
    const before = await request('GET', '/sourceConfig/', web);
    isUp = false;
    for (let minute = 0; minute < 120; minute += 1) {
      await wait(60_000);
      expect(await request('GET', '/sourceConfig/', web)).toEqual(before);
    }
  });

  test('it is answered by a container that has never read the keys, but may not be kept', async () => {
    const { request, told } = start({ config: deviceMode, load: () => Promise.reject(new Error('down')) });
    const answer = await request('GET', '/sourceConfig/', web);
    expect(answer).toMatchObject({ statusCode: 200, headers: { 'cache-control': 'no-store' } });
    expect(answer.headers).not.toHaveProperty('etag');
    expect(bodyOf(answer)).toMatchObject({ source: { enabled: true, destinations: [{ id: 'heap' }] } });
    expect(told).toEqual(['problem: keys_unavailable Error: down', 'device mode']);
  });
});

import { randomBytes } from 'node:crypto';
import { gunzipSync, gzipSync } from 'node:zlib';
import { isArray, valueAt } from '../lib/json.ts';
import { HEAP_RULES } from '../local/heap-simulator/heap.ts';
import { drain } from '../local/queues.ts';
import { attributesOf, sqsEndpoint, startHarness, type Harness } from './support/lambda-harness.ts';
import { startProxy } from './support/proxy.ts';
import { messageIdIn } from './support/idempotency-keys.ts';

/** The built bundle, as Lambda runs it, between a real SQS API and the Heap simulator. */

const json = JSON.stringify;
let harness: Harness;

async function start(...options: Parameters<typeof startHarness>): Promise<void> {
  harness = await startHarness(...options);
}

afterEach(async () => {
  await harness.stop();
});

function track(messageId: string, more: object = {}): object {
  return {
    type: 'track',
    event: 'Viewed',
    userId: 'u-1',
    messageId,
    originalTimestamp: '2026-11-20T09:00:00Z',
    ...more,
  };
}

function deliveredKeys(): unknown[] {
  return harness.heapServer.heap
    .contents()
    .events.map(({ idempotency_key: key }) => messageIdIn(key))
    .toSorted();
}

describe('bad input is dead-lettered, and other events are delivered', () => {
  const deep = '['.repeat(10_000) + '1' + ']'.repeat(10_000);
  const almostOneMiB = 'x'.repeat(1024 * 1024 - 2048);
  test.each<[string, string, string, string]>([
    ['blanks', ' ', 'not_json', 'the body is empty'],
    [
      'binary',
      Buffer.from([0x89, 0x50, 0x4e, 0x47, 0xff]).toString('latin1'),
      'not_json',
      'the body is not valid JSON',
    ],
    ['1 MiB of text', almostOneMiB, 'not_json', 'the body is not valid JSON'],
    [
      '1 MiB of JSON that is not an object',
      `"${almostOneMiB}"`,
      'no_event',
      'expected an event object, found a string',
    ],
    ['JSON that is not an object', '[1]', 'no_event', 'expected an event object, found a number'],
    [
      '10,000 levels',
      json(track('m')).replace('}', `,"properties":{"a":${deep}}}`),
      'too_deep',
      'more than 500 levels',
    ],
    [
      '__proto__',
      '{"type":"track","event":"A","userId":"u","messageId":"m","properties":{"__proto__":{"x":1}}}',
      'forbidden_key',
      '__proto__',
    ],
    [
      'an unknown type',
      json({ ...track('m'), type: 'purchase' }),
      'unknown_type',
      'message type purchase is not supported',
    ],
    ['no type', json({ userId: 'u' }), 'missing_type', 'message Type is not present'],
    ['no identity', json({ ...track('m'), userId: '' }), 'missing_identity', 'userId is required'],
  ])('%s', async (_, body, reason, detail) => {
    await start();
    await harness.send(json(track('before')));
    await harness.send(body);
    await harness.send(json(track('after')));

    expect((await harness.invokeOnce()).givenBack).toEqual([]);

    const deadLetters = await harness.deadLetters();
    expect(deadLetters.map(({ Body }) => Body)).toEqual([body]);
    const [attributes = {}] = deadLetters.map(attributesOf);
    expect(attributes['reason']).toBe(reason);
    expect(attributes['detail']).toContain(detail);
    expect(deliveredKeys()).toEqual(['after', 'before']);
  });

  test('an empty body, which SQS does not allow but a manual invocation may have', async () => {
    await start();
    const { answer } = await harness.invokeWith('');
    expect(answer).toEqual({ kind: 'response', response: { batchItemFailures: [] } });
    const [deadLetter] = await harness.deadLetters();
    expect(deadLetter).toMatchObject({
      Body: ' ',
      MessageAttributes: { detail: { StringValue: 'the body is empty' } },
    });
  });

  test('a body of exactly 1 MiB, which has no room for a reason, is compressed', async () => {
    await start();
    const body = 'x'.repeat(1024 * 1024);
    await harness.send(body);
    await harness.send(json(track('neighbour')));
    expect((await harness.invokeOnce()).givenBack).toEqual([]);
    const [deadLetter, ...others] = await harness.deadLetters();
    expect(others).toEqual([]);
    expect(gunzipSync(Buffer.from(deadLetter?.Body ?? '', 'base64')).toString() === body).toBe(true);
    expect(deadLetter?.MessageAttributes).toMatchObject({ reason: { StringValue: 'not_json' } });
    expect(deliveredKeys()).toEqual(['neighbour']);
  });

  test('a body of exactly 1 MiB that cannot be compressed is dead-lettered without its reason', async () => {
    await start();
    const body = randomBytes(1024 * 1024)
      .toString('base64')
      .slice(0, 1024 * 1024);
    await harness.send(body);
    expect((await harness.invokeOnce()).givenBack).toEqual([]);
    const [deadLetter] = await harness.deadLetters();
    expect(deadLetter?.Body === body).toBe(true);
    expect(deadLetter?.MessageAttributes).toBeUndefined();
  });
});

describe('a dead letter', () => {
  test('holds one event of a batch and its reason, and the other events are delivered', async () => {
    await start();
    const bad = '{ "type": "track", "event": "", "userId":"u", "messageId":"bad-1", "n": 1.0 }';
    await harness.send(`{"batch":[${json(track('m-1'))}, ${bad} ,${json(track('m-2'))}]}`);
    await harness.invokeOnce();

    const [deadLetter, ...others] = await harness.deadLetters();
    expect(others).toEqual([]);
    expect(deadLetter?.Body).toBe(bad);
    expect(deadLetter === undefined ? {} : attributesOf(deadLetter)).toEqual({
      reason: 'missing_event',
      detail: 'event is required',
      sourceMessageId: expect.stringMatching(/^[0-9a-f-]{36}$/),
      receiveCount: '1',
      failedAt: expect.stringMatching(/^\d{4}-.*Z$/),
      eventMessageId: 'bad-1',
    });
    expect(deliveredKeys()).toEqual(['m-1', 'm-2']);
  });

  test('holds the whole record when very many of its events are bad, and the good ones are delivered', async () => {
    await start();
    const body = `[${json(track('m-1'))},${Array.from({ length: 200_000 }, () => '1').join()}]`;
    await harness.send(body);
    expect((await harness.invokeOnce()).givenBack).toEqual([]);
    const [deadLetter, ...others] = await harness.deadLetters();
    expect(others).toEqual([]);
    expect(deadLetter?.Body === body).toBe(true);
    expect(deadLetter === undefined ? {} : attributesOf(deadLetter)).toMatchObject({
      reason: 'no_event',
      detail: '200000 of 200001 events were rejected, the first: expected an event object, found a number',
    });
    expect(deliveredKeys()).toEqual(['m-1']);
  });

  test('keeps the record’s own attributes', async () => {
    await start();
    await harness.send('nonsense', {
      tenant: { DataType: 'String', StringValue: 'acme' },
      weight: { DataType: 'Number', StringValue: '7' },
      blob: { DataType: 'Binary', BinaryValue: new Uint8Array([1, 2, 255]) },
    });
    await harness.invokeOnce();
    const [deadLetter] = await harness.deadLetters();
    expect(deadLetter?.MessageAttributes).toMatchObject({
      tenant: { DataType: 'String', StringValue: 'acme' },
      weight: { DataType: 'Number', StringValue: '7' },
      reason: { DataType: 'String', StringValue: 'not_json' },
      receiveCount: { DataType: 'Number', StringValue: '1' },
    });
    expect([...(deadLetter?.MessageAttributes?.['blob']?.BinaryValue ?? [])]).toEqual([1, 2, 255]);
  });

  test('of an event that Heap refuses has Heap’s status, and only this event is refused', async () => {
    await start();
    harness.heapServer.heap.refuse(({ idempotency_key: key }) => messageIdIn(key) === 'm-5');
    for (let index = 0; index < 16; index += 1) await harness.send(json(track(`m-${index}`)));
    await harness.invokeOnce();

    const deadLetters = await harness.deadLetters();
    expect(deadLetters.map(attributesOf)).toEqual([
      expect.objectContaining({ reason: 'heap_refused', heapStatus: '400', eventMessageId: 'm-5' }),
    ]);
    expect(deliveredKeys()).toHaveLength(15);
    // One request for all 16 events, and two for each bisection.
    expect(harness.heapServer.heap.counts().requests).toBeLessThanOrEqual(9);
  });

  test('is sent to AWS_ENDPOINT_URL_SQS, even if the queue’s URL has another host', async () => {
    const named = 'https://sqs.us-east-1.amazonaws.com';
    await start();
    const { deadLetterQueueUrl } = harness.queues;
    await harness.stop();
    await start({ DEAD_LETTER_QUEUE_URL: deadLetterQueueUrl.replace(sqsEndpoint(), named) });
    await harness.send('nonsense');
    expect((await harness.invokeOnce()).givenBack).toEqual([]);
    expect(await drain(harness.client, deadLetterQueueUrl)).toHaveLength(1);
  });

  test('that could not be written leaves its record in the queue', async () => {
    await start({ DEAD_LETTER_QUEUE_URL: `${sqsEndpoint()}/000000000000/none` });
    await harness.send('nonsense');
    await harness.send(json(track('m-1')));
    const { givenBack } = await harness.invokeOnce();
    expect(givenBack.map(({ body }) => body)).toEqual(['nonsense']);
    expect(deliveredKeys()).toEqual(['m-1']);
  });

  test('keeps attributes of the sender that have our names, however often it is sent again as it is', async () => {
    await start();
    await harness.send('nonsense', { reason: { DataType: 'String', StringValue: 'signup' } });
    await harness.invokeOnce();
    const [first] = await harness.deadLetters();
    await harness.send('nonsense', first?.MessageAttributes);
    await harness.invokeOnce();
    for (const deadLetter of [first, ...(await harness.deadLetters())]) {
      expect(deadLetter === undefined ? {} : attributesOf(deadLetter)).toEqual({
        reason: 'not_json',
        detail: expect.any(String),
        sourceMessageId: expect.any(String),
        receiveCount: '1',
        failedAt: expect.any(String),
        'original.reason': 'signup',
      });
    }
  });

  test('can be sent again as it is, and then has only its new reason', async () => {
    await start();
    await harness.send('nonsense', {
      reason: { DataType: 'String', StringValue: 'heap_refused' },
      heapStatus: { DataType: 'Number', StringValue: '400' },
    });
    await harness.invokeOnce();
    const [deadLetter] = await harness.deadLetters();
    const attributes = deadLetter === undefined ? {} : attributesOf(deadLetter);
    expect(attributes['reason']).toBe('not_json');
    expect(attributes).not.toHaveProperty('heapStatus');
  });
});

describe('when Heap fails', () => {
  test('the records are deferred, and delivered later with the same keys', async () => {
    const hiddenFor: number[] = [];
    await using queue = await startProxy(sqsEndpoint(), async (call, passOn) => {
      const entries = valueAt(JSON.parse(call.body.toString()), ['Entries']);
      if (call.action === 'ChangeMessageVisibilityBatch' && isArray(entries))
        hiddenFor.push(...entries.map((entry) => Number(valueAt(entry, ['VisibilityTimeout']))));
      return await passOn(call);
    });
    await start({ AWS_ENDPOINT_URL_SQS: queue.url });
    harness.heapServer.heap.inject({ status: 503, times: 4 });
    await harness.send(json(track('m-1')));
    await harness.send(json({ ...track(''), messageId: undefined }));

    const first = await harness.invokeOnce();
    expect(first.givenBack).toHaveLength(2);
    expect(deliveredKeys()).toEqual([]);
    expect(hiddenFor).toHaveLength(2);
    for (const seconds of hiddenFor) expect(seconds).toBeGreaterThanOrEqual(15);
    for (const seconds of hiddenFor) expect(seconds).toBeLessThanOrEqual(30);

    await harness.lambda.stop();
    await harness.makeVisible(first.givenBack);
    expect((await harness.invokeOnce()).givenBack).toEqual([]);
    expect(deliveredKeys()).toEqual([expect.stringMatching(/^[0-9a-f]{64}$/), 'm-1']);
    expect(await harness.deadLetters()).toEqual([]);
  });

  test('a few failures are retried within the invocation', async () => {
    await start();
    harness.heapServer.heap.inject({ status: 500 });
    harness.heapServer.heap.inject({ cut: 'after_storing' });
    harness.heapServer.heap.inject({ status: 429, retryAfter: '0' });
    await harness.send(json(track('m-1')));
    expect((await harness.invokeOnce()).givenBack).toEqual([]);
    expect(deliveredKeys()).toEqual(['m-1']);
    expect(harness.heapServer.heap.counts()).toMatchObject({ requests: 4, duplicates: 1 });
  });

  test('a redirect is not followed and does not count as success', async () => {
    await start();
    harness.heapServer.heap.inject({ status: 302, times: 4 });
    await harness.send(json(track('m-1')));
    expect((await harness.invokeOnce()).givenBack).toHaveLength(1);
  });

  test('an event whose retry time is over is dead-lettered with its cause', async () => {
    await start({ RETRY_HOURS: '1' });
    harness.heapServer.heap.inject({ status: 503, times: 4 });
    const anHourAgo = String(Date.now() - 60 * 60 * 1000);
    const { answer } = await harness.invokeWith(json(track('m-1')), { ApproximateFirstReceiveTimestamp: anHourAgo });
    expect(answer).toEqual({ kind: 'response', response: { batchItemFailures: [] } });
    const deadLetters = await harness.deadLetters();
    expect(deadLetters.map(attributesOf)).toEqual([
      expect.objectContaining({
        reason: 'retries_exhausted',
        detail: expect.stringMatching(/^heap_error: Heap answered 503/),
        heapStatus: '503',
        receiveCount: '1',
      }),
    ]);
  });

  test('a connection that is refused defers the record', async () => {
    // No test listens on this port.
    await start({ HEAP_BASE_URL: 'http://127.0.0.1:2' });
    await harness.send(json(track('m-1')));
    expect((await harness.invokeOnce()).givenBack).toHaveLength(1);
  });

  test('a bulk request that is stored in part causes no duplicates', async () => {
    await start({}, { ...HEAP_RULES, isAtomic: false });
    harness.heapServer.heap.refuse(({ idempotency_key: key }) => messageIdIn(key) === 'm-3');
    for (let index = 0; index < 8; index += 1) await harness.send(json(track(`m-${index}`)));
    await harness.invokeOnce();
    expect(deliveredKeys()).toHaveLength(7);
    expect(await harness.deadLetters()).toHaveLength(1);
  });
});

describe('bulk', () => {
  test('user properties are sent first, in one entry per identity, and the latest value wins', async () => {
    await start();
    const identify = (messageId: string, at: string, traits: object): string =>
      json({ type: 'identify', userId: 'u-1', messageId, traits, originalTimestamp: at });
    await harness.send(json(track('m-1')));
    await harness.send(identify('i-2', '2026-11-20T10:00:00Z', { plan: 'late', b: 2 }));
    await harness.send(identify('i-1', '2026-11-20T09:00:00Z', { plan: 'early', a: 1 }));
    await harness.invokeOnce();
    const { heap } = harness.heapServer;
    expect(heap.contents().users).toEqual([{ appId: '11', identity: 'u-1', properties: { plan: 'late', a: 1, b: 2 } }]);
    expect(heap.counts()).toMatchObject({ requests: 2, entries: 2 });
  });

  test('each app in a batch gets its own request', async () => {
    await start({ DESTINATION_CONFIG: json({ appId: '{{ message.properties.app || "11" }}' }) });
    await harness.send(
      json([track('m-1', { properties: { app: '22' } }), track('m-2'), track('m-3', { properties: { app: '22' } })]),
    );
    await harness.invokeOnce();
    const { heap } = harness.heapServer;
    expect(heap.counts().requests).toBe(2);
    expect(heap.contents().events.map(({ app_id: appId, properties }) => [appId, properties])).toEqual([
      ['22', {}],
      ['22', {}],
      ['11', {}],
    ]);
  });

  test('3000 events of many users make three requests', async () => {
    await start({ MAXIMUM_CONCURRENCY: '1' });
    const events = Array.from({ length: 3000 }, (_, index) => track(`m-${index}`, { userId: `u-${index % 500}` }));
    await harness.send(gzipSync(json({ batch: events })).toString('base64'));
    expect((await harness.invokeOnce()).givenBack).toEqual([]);
    const { requests, entries, mostEntries } = harness.heapServer.heap.counts();
    expect({ requests, entries, mostEntries }).toEqual({ requests: 3, entries: 3000, mostEntries: 1000 });
  });

  test('the same message twice in a batch is sent to Heap once', async () => {
    await start();
    await harness.send(json(track('m-1')));
    await harness.send(json(track('m-1')));
    await harness.invokeOnce();
    expect(harness.heapServer.heap.counts()).toMatchObject({ entries: 1, duplicates: 0 });
  });
});

describe('logs and metrics', () => {
  test('log lines are JSON without traits, properties or ids; metrics are in embedded metric format', async () => {
    await start();
    const secrets = ['ada@example.com', 'secret-value', 'u-4711', 'anon-4711'];
    await harness.send(
      json(track('m-1', { userId: 'u-4711', anonymousId: 'anon-4711', properties: { a: 'secret-value' } })),
    );
    await harness.send(json({ type: 'identify', userId: 'u-4711', traits: { email: 'ada@example.com' } }));
    await harness.send(json({ type: 'track', userId: 'u-4711', properties: { a: 'secret-value' } }));
    await harness.send('secret-value');
    await harness.invokeOnce();
    await harness.lambda.stop();

    const lines = harness.logs.map((line): unknown => JSON.parse(line));
    expect(lines.length).toBeGreaterThan(0);
    for (const secret of secrets) expect(harness.logs.join('\n')).not.toContain(secret);
    expect(lines).toContainEqual(
      expect.objectContaining({
        message: 'Batch forwarded',
        code: 'batch_forwarded',
        records: 4,
        events: 4,
        delivered: 2,
        rejected: { missing_event: 1, not_json: 1 },
        requestId: expect.any(String),
      }),
    );
    expect(lines).toContainEqual(
      expect.objectContaining({
        _aws: expect.anything(),
        service: 'test',
        EventsDelivered: 2,
        EventsDeadLettered: 2,
        HeapRequests: 2,
      }),
    );
    expect(lines).toContainEqual(expect.objectContaining({ reason: 'missing_event', EventsDeadLettered: 1 }));
  });

  test.each([
    [
      { DESTINATION_CONFIG: '{"appId":"1","dataResidency":"mars"}' },
      'ConfigurationError: dataResidency has to be "us" or "eu", in DESTINATION_CONFIG',
    ],
    [
      { DESTINATION_CONFIG: '{}' },
      'ConfigurationError: appId is required (the id of a Heap environment, as a string), in DESTINATION_CONFIG',
    ],
    [
      { MAX_RECEIVE_COUNT: '50' },
      'ConfigurationError: MAX_RECEIVE_COUNT is no longer used: set RETRY_HOURS, the hours for which a failing event is tried again',
    ],
    [{ QUEUE_URL: '' }, 'ConfigurationError: QUEUE_URL is missing: an http or https URL'],
    [
      { MAXIMUM_CONCURRENCY: 'many' },
      'ConfigurationError: MAXIMUM_CONCURRENCY has to be a whole number from 1 to 1000',
    ],
  ])('the invalid setting %j fails the start with one line', async (environment, message) => {
    await start(environment);
    await harness.send(json(track('m-1')));
    expect((await harness.invokeOnce()).answer).toEqual({ kind: 'error', message });
  });
});

import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { readTemplate } from '../../infra/template.ts';
import { isArray, isObject, valueAt, type JsonObject } from '../../lib/json.ts';
import { startHeapServer, type HeapServer } from '../../local/heap-simulator/server.ts';
import { startLoopbackServer } from '../../local/loopback-server.ts';
import { startParameterStore } from '../../local/parameter-store.ts';
import { startQueueServer, type QueueServer } from '../../local/queue-server.ts';
import { createLocalClient, createLocalQueues, drain, LOCAL_AWS, type LocalQueues } from '../../local/queues.ts';
import { metricProblems } from '../support/embedded-metrics.ts';
import { startRuntimeProcess, type RuntimeProcess } from './runtime-client.ts';

/**
 * The built functions under AWS's own runtime client, which is a native addon and no dependency of this project. Install it
 * somewhere, and name its folder in AWS_LAMBDA_RIC: `npm install --prefix /some/folder aws-lambda-ric@4.0.2`, which compiles
 * for about two minutes. Without it, this says so and ends with 0.
 */
const ROOT = join(import.meta.dirname, '..', '..');
const CLIENT = process.env['AWS_LAMBDA_RIC'] ?? join(ROOT, 'node_modules', 'aws-lambda-ric');
const MINUTE_MS = 60_000;

if (existsSync(join(CLIENT, 'index.mjs'))) runtimeTests();
else
  console.log('Not run under AWS’s runtime client: set AWS_LAMBDA_RIC to the folder of an installed aws-lambda-ric.');

/** A sample, as if it had been sent just now: an old one would be given up instead of going back. */
const sample = (name: string): JsonObject => {
  const source = readFileSync(join(ROOT, 'events', 'sqs', `${name}.json`), 'utf8');
  const event: unknown = JSON.parse(source.replaceAll(/(Timestamp": ")\d{13}"/g, `$1${Date.now()}"`));
  assert.ok(isObject(event));
  return event;
};
const idsOf = (event: unknown, list: string, key: string): readonly string[] => {
  const elements = valueAt(event, [list]);
  return isArray(elements) ? elements.map((one) => String(valueAt(one, [key]))).toSorted() : [];
};
const failuresIn = (body: unknown): readonly string[] => idsOf(body, 'batchItemFailures', 'itemIdentifier');

/** Every line is one JSON object: one of the log, with what Lambda filters by, or a valid one of metrics. */
function checkLines(lines: readonly string[]): readonly JsonObject[] {
  return lines.map((line) => {
    const parsed: unknown = JSON.parse(line);
    assert.ok(isObject(parsed), line);
    assert.deepEqual(metricProblems(parsed), []);
    if (!('_aws' in parsed)) {
      assert.match(String(parsed['level']), /^(?:DEBUG|INFO|WARN|ERROR)$/);
      assert.match(String(parsed['timestamp']), /^\d{4}-\d\d-\d\dT[\d:.]+Z$/);
    }
    return parsed;
  });
}

function runtimeTests(): void {
  let sqs: QueueServer;
  before(async () => {
    sqs = await startQueueServer();
  });
  after(() => sqs.stop());

  interface Forwarder extends AsyncDisposable {
    readonly process: RuntimeProcess;
    readonly heap: HeapServer;
    readonly queues: LocalQueues;
  }
  let prefix = 0;

  async function forwarder(environment: Readonly<Record<string, string>> = {}): Promise<Forwarder> {
    const client = createLocalClient(sqs.endpoint);
    prefix += 1;
    const template = readTemplate(join(ROOT, 'template.yaml'));
    const queues = await createLocalQueues(client, sqs.endpoint, template, `runtime-${prefix}`);
    const heap = await startHeapServer();
    const process = await startRuntimeProcess(CLIENT, 'forward', {
      ...LOCAL_AWS,
      AWS_ENDPOINT_URL_SQS: sqs.endpoint,
      DESTINATION_CONFIG: '{"appId":"11"}',
      QUEUE_URL: queues.queueUrl,
      DEAD_LETTER_QUEUE_URL: queues.deadLetterQueueUrl,
      HEAP_BASE_URL: heap.url,
      SERVICE_NAME: 'runtime',
      ...environment,
    });
    return {
      process,
      heap,
      queues,
      async [Symbol.asyncDispose]() {
        await process.stop();
        await heap.stop();
        client.destroy();
      },
    };
  }

  void test('a good batch is delivered, and logged in lines that Lambda understands', async () => {
    await using one = await forwarder();
    const answer = await one.process.invoke(sample('good-batch'), MINUTE_MS);
    assert.deepEqual([answer.kind, answer.body], ['response', { batchItemFailures: [] }]);
    assert.ok(one.heap.heap.contents().events.length > 0);
    const lines = checkLines(one.process.lines);
    assert.ok(lines.some((line) => line['code'] === 'batch_forwarded'));
    assert.ok(lines.some((line) => '_aws' in line));
  });

  void test('every failure of the sample becomes a dead letter with its reason', async () => {
    await using one = await forwarder();
    const event = sample('every-failure');
    const answer = await one.process.invoke(event, MINUTE_MS);
    assert.equal(answer.kind, 'response');
    const client = createLocalClient(sqs.endpoint);
    const deadLetters = await drain(client, one.queues.deadLetterQueueUrl);
    client.destroy();
    assert.ok(deadLetters.length > 0);
    for (const { MessageAttributes } of deadLetters) assert.ok(MessageAttributes?.['reason']?.StringValue);
    const known = idsOf(event, 'Records', 'messageId');
    for (const id of failuresIn(answer.body)) assert.ok(known.includes(id));
    checkLines(one.process.lines);
  });

  for (const seconds of [60, 30, 15, 10, 3]) {
    void test(`with ${seconds} s left, a good batch is delivered`, async () => {
      await using one = await forwarder();
      const event = sample('good-batch');
      const answer = await one.process.invoke(event, seconds * 1000);
      assert.equal(answer.kind, 'response');
      // On a slow machine 3 s may be too few; then the records go back, and none is lost.
      const { events, users } = one.heap.heap.contents();
      assert.ok(events.length + users.length > 0 || failuresIn(answer.body).length > 0);
    });
  }

  void test('a silent Heap: every record goes back, whatever time is left', { concurrency: true }, async (t) => {
    await Promise.all(
      [60, 30, 15, 10, 3].map(async (seconds) => {
        await using silence = await startLoopbackServer(0, () => undefined);
        await using one = await forwarder({ HEAP_BASE_URL: silence.url });
        const event = sample('good-batch');
        const answer = await one.process.invoke(event, seconds * 1000);
        assert.equal(answer.kind, 'response');
        // Identify and track go in separate requests; some records hold no event for Heap.
        const failures = failuresIn(answer.body);
        assert.ok(failures.length > 0, JSON.stringify([answer, one.process.lines]));
        t.diagnostic(`${seconds} s: ${failures.length} records went back, ${answer.leftMs} ms before the deadline`);
        checkLines(one.process.lines);
      }),
    );
  });

  for (const [variable, value, words] of [
    ['DESTINATION_CONFIG', '', /DESTINATION_CONFIG is missing/],
    ['DESTINATION_CONFIG', '{', /DESTINATION_CONFIG is not valid JSON/],
    ['DESTINATION_CONFIG', '{"appId":"1","dataResidency":"mars"}', /dataResidency has to be/],
    ['QUEUE_URL', 'nowhere', /QUEUE_URL is not an http/],
    ['LOG_LEVEL', 'LOUD', /LOG_LEVEL has to be one of/],
    ['RETRY_HOURS', '0', /RETRY_HOURS has to be/],
  ] as const) {
    void test(`${variable}=${value} is one line in the log, with the name of the error, for each invocation`, async () => {
      await using one = await forwarder({ [variable]: value });
      for (const count of [1, 2]) {
        const { kind, body } = await one.process.invoke(sample('good-batch'), MINUTE_MS);
        assert.equal(kind, 'error');
        assert.equal(valueAt(body, ['errorType']), 'ConfigurationError');
        assert.match(String(valueAt(body, ['errorMessage'])), words);
        const lines = checkLines(one.process.lines);
        assert.equal(lines.length, count);
        for (const line of lines) assert.equal(valueAt(line, ['message', 'errorType']), 'ConfigurationError');
      }
    });
  }

  void test('the console’s test event and null are refused in a sentence, and a batch goes through afterwards', async () => {
    await using one = await forwarder();
    for (const event of [{}, null, { key1: 'value1' }]) {
      const { kind, body } = await one.process.invoke(event, MINUTE_MS);
      assert.equal(kind, 'error');
      assert.match(String(valueAt(body, ['errorMessage'])), /^The event has no array "Records"/);
    }
    const answer = await one.process.invoke(sample('good-batch'), MINUTE_MS);
    assert.deepEqual(answer.body, { batchItemFailures: [] });
  });

  void test('a frozen process whose connections have ended meanwhile delivers the next batch', async () => {
    await using one = await forwarder();
    await one.process.invoke(sample('good-batch'), MINUTE_MS);
    one.process.freeze();
    const port = Number(new URL(one.heap.url).port);
    await one.heap.stop();
    const heap = await startHeapServer(port);
    one.process.thaw();
    const answer = await one.process.invoke(sample('good-batch'), MINUTE_MS);
    assert.deepEqual(answer.body, { batchItemFailures: [] });
    assert.ok(heap.heap.contents().events.length > 0);
    await heap.stop();
    checkLines(one.process.lines);
  });

  void test('the HTTP endpoint takes an event, answers health checks, and refuses what is no request', async () => {
    const client = createLocalClient(sqs.endpoint);
    const queues = await createLocalQueues(client, sqs.endpoint, readTemplate(join(ROOT, 'template.yaml')), 'http');
    const store = await startParameterStore(new Map([['/keys', '{"writeKeys":{"web":"a-write-key"}}']]));
    const process = await startRuntimeProcess(CLIENT, 'ingest', {
      ...LOCAL_AWS,
      AWS_ENDPOINT_URL_SQS: sqs.endpoint,
      AWS_ENDPOINT_URL_SSM: store.url,
      DESTINATION_CONFIG: '{"appId":"11"}',
      QUEUE_URL: queues.queueUrl,
      DEAD_LETTER_QUEUE_URL: queues.deadLetterQueueUrl,
      INGEST_KEYS_PARAMETER: '/keys',
    });
    const request = (method: string, path: string, body = ''): JsonObject => ({
      version: '2.0',
      rawPath: path,
      rawQueryString: '',
      headers: { authorization: `Basic ${Buffer.from('a-write-key:').toString('base64')}` },
      requestContext: { http: { method, path, protocol: 'HTTP/1.1', sourceIp: '192.0.2.7', userAgent: 't' } },
      body,
      isBase64Encoded: false,
    });
    const health = await process.invoke(request('GET', '/health'), MINUTE_MS);
    assert.equal(valueAt(health.body, ['statusCode']), 200);
    const taken = await process.invoke(request('POST', '/v1/track', '{"userId":"u","event":"Hi"}'), MINUTE_MS);
    assert.deepEqual([valueAt(taken.body, ['statusCode']), valueAt(taken.body, ['body'])], [200, 'ok']);
    assert.equal((await drain(client, queues.queueUrl)).length, 1);
    const refused = await process.invoke({ key1: 'value1' }, MINUTE_MS);
    assert.match(String(valueAt(refused.body, ['errorMessage'])), /^The event has no "requestContext.http"/);
    checkLines(process.lines);
    await process.stop();
    await store.stop();
    client.destroy();
  });

  void test('the function of the Lambda destination puts an array of events into the queue, and logs what it could not use', async () => {
    const client = createLocalClient(sqs.endpoint);
    const template = readTemplate(join(ROOT, 'template.yaml'));
    const queues = await createLocalQueues(client, sqs.endpoint, template, 'lambda-destination');
    const process = await startRuntimeProcess(CLIENT, 'lambda-destination', {
      ...LOCAL_AWS,
      AWS_ENDPOINT_URL_SQS: sqs.endpoint,
      QUEUE_URL: queues.queueUrl,
      DEAD_LETTER_QUEUE_URL: queues.deadLetterQueueUrl,
    });
    const answer = await process.invoke([{ type: 'track', userId: 'u', event: 'Hi', messageId: 'm' }, 7], MINUTE_MS);
    assert.deepEqual([answer.kind, answer.body], ['response', null]);
    assert.equal((await drain(client, queues.queueUrl)).length, 1);
    assert.equal((await drain(client, queues.deadLetterQueueUrl)).length, 1);
    assert.ok(checkLines(process.lines).some((line) => line['code'] === 'elements_dead_lettered'));
    await process.stop();
    client.destroy();
  });
}

import { isObject, valueAt, type JsonObject } from '../lib/json.ts';
import { createLambdaDestination, startInvokeApi, type LambdaDestination } from '../local/lambda-destination.ts';
import type { LoopbackServer } from '../local/loopback-server.ts';
import { environmentFor, heapq } from './support/heapq.ts';
import { messageIdIn } from './support/idempotency-keys.ts';
import { attributesOf, sqsEndpoint, startHarness, type Harness } from './support/lambda-harness.ts';
import { startUnreliableProxy, type UnreliableProxy } from './support/unreliable-proxy.ts';

/** The built function of the Lambda destination behind Lambda's `Invoke`, a real SQS API, the built forwarder and Heap's simulator. */
let harness: Harness;
let network: UnreliableProxy;
let destination: LambdaDestination;
let api: LoopbackServer;

beforeAll(async () => {
  harness = await startHarness();
  network = await startUnreliableProxy(sqsEndpoint());
  destination = createLambdaDestination({
    sqsEndpoint: network.url,
    queues: harness.queues,
    onLog: () => undefined,
    pausesMs: [0, 0],
  });
  api = await startInvokeApi(destination);
});
afterAll(async () => {
  await api.stop();
  await destination.stop();
  await network.stop();
  await harness.stop();
});

/** An event as RudderStack's servers pass it on to their destinations. */
function processed(messageId: string, more: JsonObject = {}): JsonObject {
  return {
    type: 'track',
    event: 'Order Completed',
    userId: 'u-1',
    anonymousId: 'a-1',
    messageId,
    channel: 'web',
    context: { ip: '192.0.2.7', library: { name: 'RudderLabs JavaScript SDK', version: '3.34.1' }, traits: {} },
    properties: { total: 12.5, coupon: null },
    integrations: { All: true },
    rudderId: 'ed33ef22-569d-44b1-a6cb-063c69dca8f0',
    request_ip: '192.0.2.7',
    originalTimestamp: '2026-11-10T09:00:00.000Z',
    sentAt: '2026-11-10T09:00:01.000Z',
    receivedAt: '2026-11-10T09:00:02.000+05:30',
    timestamp: '2026-11-10T09:00:01.000+05:30',
    ...more,
  };
}

/** Invokes the function as rudder-server does: services/streammanager/lambda/lambdamanager.go. */
async function invoke(payload: string): Promise<number> {
  const arn = encodeURIComponent('arn:aws:lambda:us-east-1:000000000000:function:lambda-destination');
  const response = await fetch(`${api.url}/2015-03-31/functions/${arn}/invocations`, {
    method: 'POST',
    body: payload,
    headers: { 'x-amz-invocation-type': 'Event', 'x-amz-client-context': 'eyJhIjoxfQ==' },
  });
  await response.arrayBuffer();
  return response.status;
}

/** Waits for the function, forwards what is in the queue, and returns the `messageId`s in Heap that begin with a prefix. */
async function arrived(prefix: string, invocations: LambdaDestination = destination): Promise<readonly string[]> {
  await invocations.settled();
  const { givenBack } = await harness.invokeOnce();
  expect(givenBack).toEqual([]);
  return harness.heapServer.heap
    .contents()
    .events.map(({ idempotency_key: key }) => messageIdIn(key))
    .filter((id) => id.startsWith(prefix))
    .toSorted();
}

describe('what RudderStack’s transformer makes arrives in Heap', () => {
  // rudder-transformer, src/v0/destinations/lambda/transform.js: `JSON.stringify` of the message, or of an array of messages.
  test.each([
    ['one event', 'single-', (events: readonly JsonObject[]) => events.map((event) => JSON.stringify(event))],
    ['an array, with Enable Batch Input', 'array-', (events: readonly JsonObject[]) => [JSON.stringify(events)]],
    [
      'arrays of one event, when no other was waiting',
      'alone-',
      (events: readonly JsonObject[]) => events.map((event) => JSON.stringify([event])),
    ],
  ])('%s', async (_, prefix, payloadsOf) => {
    const identity = `${prefix}user`;
    const identify = processed(`${prefix}0`, { type: 'identify', userId: identity, traits: { plan: 'pro' } });
    const payloads = payloadsOf([processed(`${prefix}1`), identify, processed(`${prefix}2`)]);
    for (const payload of payloads) expect(await invoke(payload)).toBe(202);
    expect(await arrived(prefix)).toEqual([`${prefix}1`, `${prefix}2`]);
    const { users, events } = harness.heapServer.heap.contents();
    expect(users.find((user) => user.identity === identity)).toMatchObject({ properties: { plan: 'pro' } });
    expect(events.find(({ idempotency_key: key }) => messageIdIn(key) === `${prefix}1`)).toMatchObject({
      event: 'Order Completed',
      identity: 'u-1',
      properties: { total: 12.5 },
    });
  });

  test('an array of 256 KB, and one of a megabyte, of which Lambda takes no more', async () => {
    const arrayOf = (prefix: string, count: number): string =>
      JSON.stringify(
        Array.from({ length: count }, (_, index) =>
          processed(`${prefix}${index}`, { properties: { text: 'x'.repeat(20_000) } }),
        ),
      );
    expect(await invoke(arrayOf('quarter-', 12))).toBe(202);
    expect(await invoke(arrayOf('whole-', 50))).toBe(202);
    expect(await invoke(arrayOf('over-', 53))).toBe(413);
    expect(await arrived('quarter-')).toHaveLength(12);
    expect(await arrived('whole-')).toHaveLength(50);
  });
});

test('an event that Lambda hands over twice counts once', async () => {
  const payload = JSON.stringify([processed('twice-1'), processed('twice-2')]);
  await Promise.all([invoke(payload), invoke(payload)]);
  expect(await arrived('twice-')).toEqual(['twice-1', 'twice-2']);
});

test('one bad element is a dead letter with its reason, and its neighbours arrive', async () => {
  await invoke(JSON.stringify([processed('beside-1'), 'not an event', processed('beside-2')]));
  expect(await arrived('beside-')).toEqual(['beside-1', 'beside-2']);
  const deadLetters = await harness.deadLetters();
  expect(deadLetters.map((deadLetter) => [deadLetter.Body, attributesOf(deadLetter)['reason']])).toEqual([
    ['"not an event"', 'no_event'],
  ]);
});

test('a payload that is no event at all is a dead letter with its reason', async () => {
  await invoke('"hello"');
  expect(await arrived('nothing')).toEqual([]);
  const [deadLetter, ...others] = await harness.deadLetters();
  expect([deadLetter?.Body, others]).toEqual(['"hello"', []]);
  expect(attributesOf(deadLetter ?? {})).toMatchObject({ reason: 'no_event', source: 'lambda-destination' });
});

test('while SQS fails, the function tries again, and what arrived without an answer counts once', async () => {
  network.failNext(['refused', 'answer_lost', 'refused']);
  await invoke(JSON.stringify(processed('retried-1')));
  expect(await arrived('retried-')).toEqual(['retried-1']);
});

test('what Lambda reports after three failed attempts is a dead letter, and a redrive delivers it', async () => {
  const unreachable = await startUnreliableProxy(sqsEndpoint());
  unreachable.failNext(Array.from({ length: 100_000 }, () => 'refused' as const));
  const failing = createLambdaDestination({
    sqsEndpoint: unreachable.url,
    reportEndpoint: sqsEndpoint(),
    queues: harness.queues,
    onLog: () => undefined,
    // Hardly longer than the time that the function reserves for throwing.
    timeoutMs: 2100,
    pausesMs: [0, 0],
  });
  expect(failing.invoke(JSON.stringify([processed('reported-1'), processed('reported-2')]))).toBeUndefined();
  expect(await arrived('reported-', failing)).toEqual([]);
  await failing.stop();
  await unreachable.stop();

  const redriven = await heapq(['dead-letters', 'redrive', '--all', '--yes'], environmentFor(harness.queues));
  expect(redriven).toMatchObject({ code: 0 });
  expect(await arrived('reported-')).toEqual(['reported-1', 'reported-2']);
  expect(await harness.deadLetters()).toEqual([]);
});

test('Lambda’s report of an event too old has no response, and is read the same way', async () => {
  const report = {
    version: '1.0',
    timestamp: '2026-11-10T15:00:00.000Z',
    requestContext: {
      requestId: 'e4b46cbf-b738-1234-8880-a18cdf61200e',
      functionArn: 'arn:aws:lambda:us-east-1:123456789012:function:f:$LATEST',
      condition: 'EventAgeExceeded',
      approximateInvokeCount: 0,
    },
    requestPayload: processed('old-1'),
  };
  await harness.send(JSON.stringify(report));
  expect(await arrived('old-')).toEqual(['old-1']);
});

test('a wrong setting fails every invocation with its name, and does not stop the container', async () => {
  const { queues } = harness;
  const environment = { DEAD_LETTER_QUEUE_URL: 'nowhere' };
  const wrong = createLambdaDestination({ sqsEndpoint: sqsEndpoint(), queues, onLog: () => undefined, environment });
  try {
    for (const _ of [1, 2]) {
      const answer = await wrong.lambda.invoke(processed('m-wrong'));
      expect(answer).toEqual({ kind: 'error', message: expect.stringContaining('DEAD_LETTER_QUEUE_URL') });
    }
    expect(wrong.lambda.coldStarts()).toBe(1);
  } finally {
    await wrong.stop();
  }
});

test('Lambda’s API refuses what is not JSON, and other invocations than asynchronous ones', async () => {
  expect(await invoke('{"type":')).toBe(400);
  const response = await fetch(`${api.url}/2015-03-31/functions/f/invocations`, { method: 'POST', body: '{}' });
  const answer: unknown = await response.json();
  expect([response.status, isObject(answer) && valueAt(answer, ['Message'])]).toEqual([
    400,
    'InvalidParameterValueException',
  ]);
});

import Analytics from '@rudderstack/rudder-sdk-node';
import { WRITE_KEY } from './support/http-endpoint-harness.ts';
import { startWholeWay, type WholeWay } from './support/whole-way.ts';

/** RudderStack's Node SDK with the whole pipeline, from the HTTP endpoint to Heap. */
let way: WholeWay;
beforeEach(async () => {
  way = await startWholeWay();
});
afterEach(() => way.stop());

function createAnalytics(options: ConstructorParameters<typeof Analytics>[1] = {}): Analytics {
  return new Analytics(WRITE_KEY, {
    dataPlaneUrl: way.httpEndpoint.url,
    flushInterval: 60_000,
    logLevel: 'none',
    ...options,
  });
}

/** Waits for an event's callback: the data plane has accepted or refused it. */
function sent(send: (callback: (error?: unknown) => void) => unknown): Promise<void> {
  return new Promise((resolve, reject) => {
    send((error) => (error === undefined || error === null ? resolve() : reject(error)));
  });
}

test.each([true, false])('identify, track, page and group events reach Heap as documented (gzip %s)', async (gzip) => {
  const analytics = createAnalytics({ gzip });
  const timestamp = new Date('2026-11-20T10:00:00.000Z');
  const calls = [
    sent((callback) =>
      analytics.identify({ userId: 'u-1', traits: { plan: 'pro', address: { city: 'Köln' } } }, callback),
    ),
    sent((callback) =>
      analytics.track(
        { userId: 'u-1', event: 'Signed Up', properties: { price: 12.5, tags: ['a', 'b'] }, timestamp },
        callback,
      ),
    ),
    sent((callback) => analytics.track({ anonymousId: 'a-1', event: 'Looked 🚀' }, callback)),
    sent((callback) => analytics.page({ userId: 'u-1', name: 'Home' }, callback)),
    sent((callback) => analytics.group({ userId: 'u-1', groupId: 'g-1', traits: { name: 'ACME' } }, callback)),
  ];
  await analytics.flush();
  await Promise.all(calls);
  const { events, users } = await way.untilDelivered();

  expect(users).toEqual([{ appId: '11', identity: 'u-1', properties: { plan: 'pro', 'address.city': 'Köln' } }]);
  expect(events).toHaveLength(2);
  expect(events).toContainEqual({
    app_id: '11',
    identity: 'u-1',
    event: 'Signed Up',
    properties: { price: 12.5, 'tags[0]': 'a', 'tags[1]': 'b' },
    timestamp: '2026-11-20T10:00:00.000Z',
    idempotency_key: expect.stringMatching(/^[0-9a-f-]{36}-[0-9a-v]{12}$/),
  });
  expect(events).toContainEqual(expect.objectContaining({ identity: 'a-1', event: 'Looked 🚀' }));
});

test.each([
  ['refuses calls', 'refused'],
  ['accepts calls but its answers are lost', 'answer_lost'],
] as const)(
  'while the queue %s, the SDK retries; nothing is lost, and Heap counts nothing twice',
  async (_, failure) => {
    const analytics = createAnalytics({ flushAt: 50 });
    // The SDK sends its first event at once, in a batch of its own.
    await sent((callback) => analytics.track({ userId: 'u-0', event: 'First' }, callback));
    // The HTTP endpoint makes four attempts, so the SDK has to send twice.
    way.network.failNext(Array.from({ length: 6 }, () => failure));
    const calls = Array.from({ length: 40 }, (__, index) =>
      sent((callback) => analytics.track({ userId: `u-${index}`, event: 'Later', properties: { index } }, callback)),
    );
    await analytics.flush();
    await Promise.all(calls);
    expect(way.network.calls()).toBe(1 + 6 + 1);

    const { events } = await way.untilDelivered();
    expect(events.map(({ event, properties }) => `${String(event)} ${JSON.stringify(properties)}`).toSorted()).toEqual(
      ['First {}', ...Array.from({ length: 40 }, (__, index) => `Later {"index":${index}}`)].toSorted(),
    );
  },
);

test('a wrong write key is not retried, and the SDK reports it', async () => {
  // A read that begins with the request shows at once that the key is wrong.
  const cold = await startWholeWay({}, { isWarm: false });
  const analytics = new Analytics('wrong-write-key', {
    dataPlaneUrl: cold.httpEndpoint.url,
    logLevel: 'none',
    errorHandler: () => undefined,
  });
  await expect(sent((callback) => analytics.track({ userId: 'u', event: 'e' }, callback))).rejects.toMatchObject({
    response: { status: 401, data: 'invalid write key\n' },
  });
  expect(cold.network.calls()).toBe(0);
  await cold.stop();
});

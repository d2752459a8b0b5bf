import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import AnalyticsNode3 from '@rudderstack/rudder-sdk-node';
import { Analytics as SegmentAnalytics } from '@segment/analytics-node';
import type { Browser, Page } from 'playwright-core';
import AnalyticsNode2 from 'rudder-sdk-node-2';
import { isObject, type JsonObject } from '../lib/json.ts';
import { unwrap } from '../lib/rudderstack/envelope.ts';
import { startLoopbackServer, type LoopbackServer } from '../local/loopback-server.ts';
import { describeWithChromium, launchChromium } from './support/chromium.ts';
import {
  KEYS,
  startHttpEndpointHarness,
  WRITE_KEY,
  type HttpEndpointHarness,
} from './support/http-endpoint-harness.ts';
import { startProxy } from './support/proxy.ts';

/** Real clients and the built HTTP endpoint: with bad events among the good ones, and while the key store fails. */
let harness: HttpEndpointHarness;
/** The HTTP endpoint as the clients see it. It repairs the key store when it has answered 503 a given number of times. */
let front: LoopbackServer;
let unavailable = 0;
let repairAfter = Number.POSITIVE_INFINITY;
beforeAll(async () => {
  harness = await startHttpEndpointHarness();
  front = await startProxy(harness.httpEndpoint.url, async (call, passOn) => {
    const answer = await passOn(call);
    if (answer.status === 503) unavailable += 1;
    if (answer.status === 503 && unavailable === repairAfter) {
      harness.httpEndpoint.setKeys(KEYS);
      // A new container reads the keys at once.
      await harness.httpEndpoint.lambda.stop();
    }
    return answer;
  });
});
afterAll(async () => {
  await front.stop();
  await harness.stop();
});

/** Makes the next requests fail with 503, until `times` have. */
async function breakKeys(times: number): Promise<void> {
  unavailable = 0;
  repairAfter = times;
  harness.httpEndpoint.setKeys(undefined);
  await harness.httpEndpoint.lambda.stop();
}

/** The events that are in the queue by now. */
async function queued(): Promise<readonly JsonObject[]> {
  const messages = await harness.messages();
  return messages.flatMap(({ Body = '' }) =>
    unwrap(Body).flatMap((one) => (one.kind === 'event' && isObject(one.event) ? [one.event] : [])),
  );
}

/** Waits until so many events have arrived, for clients that do not say when they have sent. */
async function untilQueued(count: number): Promise<readonly JsonObject[]> {
  const all: JsonObject[] = [];
  while (all.length < count) {
    all.push(...(await queued()));
    if (all.length < count) await sleep(20);
  }
  return all;
}

const named = (events: readonly JsonObject[]): readonly unknown[] => events.map(({ event }) => event).toSorted();

interface Properties {
  readonly [name: string]: Properties;
}

/** An object that is nested too deeply. */
function deep(levels = 201): Properties {
  return levels === 0 ? {} : { deeper: deep(levels - 1) };
}

/** Good events, and between them one that no SDK finds fault with but the endpoint does, and one that is nested too deeply. */
const EVENTS = [
  { userId: 'u-1', event: 'Good 1', properties: {} },
  { userId: ' ', event: 'Nobody’s', properties: {} },
  { userId: 'u-2', event: 'Good 2', properties: {} },
  { userId: 'u-3', event: 'Deep', properties: deep() },
  { userId: 'u-4', event: 'Good 3', properties: {} },
];
const GOOD = ['Good 1', 'Good 2', 'Good 3'];

interface Client {
  readonly track: (event: (typeof EVENTS)[number]) => unknown;
  /** Sends everything, and ends when it is delivered or given up. */
  readonly flush: () => Promise<unknown>;
}

const options = (): ConstructorParameters<typeof AnalyticsNode3>[1] => ({
  dataPlaneUrl: front.url,
  flushAt: 50,
  flushInterval: 60_000,
  logLevel: 'none',
  errorHandler: () => undefined,
});

const CLIENTS: readonly (readonly [string, () => Client])[] = [
  ['Node 3', () => new AnalyticsNode3(WRITE_KEY, options())],
  ['Node 2', () => new AnalyticsNode2(WRITE_KEY, options())],
  [
    'Segment for Node',
    () => {
      const client = new SegmentAnalytics({ writeKey: WRITE_KEY, host: front.url, flushAt: 50, flushInterval: 60_000 });
      return { track: (event) => client.track(event), flush: () => client.closeAndFlush() };
    },
  ],
];

test.each(CLIENTS)('%s loses no good event to bad ones in the same batch', async (_, create) => {
  const client = create();
  for (const event of EVENTS) client.track(event);
  await client.flush();
  expect(named(await untilQueued(GOOD.length))).toEqual(GOOD);
});

test('while the keys cannot be read, Node 3, Node 2 and Segment for Node send their events again', async () => {
  await breakKeys(CLIENTS.length);
  await Promise.all(
    CLIENTS.map(async ([name, create]) => {
      const client = create();
      client.track({ userId: 'u-1', event: name, properties: {} });
      await client.flush();
    }),
  );
  expect(named(await untilQueued(CLIENTS.length))).toEqual(['Node 2', 'Node 3', 'Segment for Node']);
  expect(unavailable).toBe(CLIENTS.length);
});

test('an event of Segment’s client for Node arrives as one of RudderStack’s, without the write key', async () => {
  const client = new SegmentAnalytics({ writeKey: WRITE_KEY, host: front.url });
  client.identify({ userId: 'u-1', traits: { plan: 'pro' } });
  client.track({ anonymousId: 'a-1', event: 'Looked', integrations: { All: true, 'Heap.io': false } });
  await client.closeAndFlush();
  const events = await untilQueued(2);
  expect(events).toEqual([
    expect.objectContaining({
      type: 'identify',
      userId: 'u-1',
      traits: { plan: 'pro' },
      messageId: expect.stringMatching(/^node-next-/),
      timestamp: expect.any(String),
      sentAt: expect.any(String),
      context: { library: { name: '@segment/analytics-node', version: '3.1.0' } },
    }),
    expect.objectContaining({
      type: 'track',
      anonymousId: 'a-1',
      event: 'Looked',
      integrations: { All: true, 'Heap.io': false },
    }),
  ]);
  expect(JSON.stringify(events)).not.toContain(WRITE_KEY);
});

const MODULES = join(__dirname, '..', 'node_modules');
const SCRIPTS: Readonly<Record<string, string>> = {
  '/rudderstack.mjs': join(MODULES, '@rudderstack/analytics-js/dist/npm/modern/bundled/esm/index.mjs'),
  '/segment.js': join(MODULES, '@segment/analytics-next/dist/umd/index.js'),
};

describeWithChromium('in Chromium', () => {
  let browser: Browser;
  let site: LoopbackServer;
  let page: Page;
  beforeAll(async () => {
    const scripts = new Map(Object.entries(SCRIPTS).map(([path, file]) => [path, readFileSync(file)]));
    site = await startLoopbackServer(0, ({ url = '/' }, response) => {
      const script = scripts.get(url);
      if (script !== undefined) response.writeHead(200, { 'content-type': 'text/javascript' }).end(script);
      else response.writeHead(200, { 'content-type': 'text/html' }).end('<!doctype html><title>Shop</title>');
    });
    browser = await launchChromium();
  });
  afterAll(async () => {
    await browser.close();
    await site.stop();
  });
  beforeEach(async () => {
    const context = await browser.newContext();
    context.setDefaultTimeout(0);
    page = await context.newPage();
    await page.goto(site.url);
  });
  afterEach(() => page.context().close());

  /** Loads RudderStack’s SDK and sends the events of above. */
  async function sendByRudderStack(queueOptions: object, events: readonly object[] = EVENTS): Promise<void> {
    await page.evaluate(`(async () => {
      const { RudderAnalytics } = await import('/rudderstack.mjs');
      const analytics = new RudderAnalytics();
      const queueOptions = ${JSON.stringify({ minRetryDelay: 100, maxRetryDelay: 200, ...queueOptions })};
      analytics.load(${JSON.stringify(WRITE_KEY)}, '${front.url}', { configUrl: '${front.url}', queueOptions });
      for (const { event, properties } of ${JSON.stringify(events)}) analytics.track(event, properties);
    })()`);
  }

  test('the Web SDK loses no good event to a bad one in the same batch', async () => {
    await sendByRudderStack({ batch: { enabled: true, maxItems: EVENTS.length, flushInterval: 600_000 } });
    // A visitor always has an anonymousId.
    expect(named(await untilQueued(4))).toEqual([...GOOD, 'Nobody’s']);
  });

  /** Loads Segment’s client as docs/ingest.md says, and sends the events of above. */
  async function sendBySegment(deliveryStrategy: object, events: readonly object[] = EVENTS): Promise<void> {
    await page.addScriptTag({ url: '/segment.js' });
    await page.evaluate(`(async () => {
      const { AnalyticsBrowser } = window.AnalyticsNext;
      const writeKey = ${JSON.stringify(WRITE_KEY)};
      const deliveryStrategy = ${JSON.stringify(deliveryStrategy)};
      const [analytics] = await AnalyticsBrowser.load(
        { writeKey, cdnSettings: { integrations: { 'Segment.io': { apiKey: writeKey } } } },
        { integrations: { 'Segment.io': { apiHost: '${new URL(front.url).host}/v1', protocol: 'http', deliveryStrategy } } },
      );
      for (const { event, properties } of ${JSON.stringify(events)}) analytics.track(event, properties);
    })()`);
  }

  test.each([
    ['one by one', {}],
    ['in batches', { strategy: 'batching', config: { size: EVENTS.length } }],
  ])('Segment’s client sends %s, without its write key', async (_, deliveryStrategy) => {
    await sendBySegment(deliveryStrategy);
    const events = await untilQueued(4);
    expect(named(events)).toEqual([...GOOD, 'Nobody’s']);
    expect(events[0]).toMatchObject({
      type: 'track',
      anonymousId: expect.any(String),
      messageId: expect.stringMatching(/^ajs-next-/),
      context: { library: { name: 'analytics.js' }, page: { title: 'Shop' } },
    });
    expect(JSON.stringify(events)).not.toContain(WRITE_KEY);
  });

  test('while the keys cannot be read, the Web SDK and Segment’s client send their events again', async () => {
    await breakKeys(2);
    await sendByRudderStack({}, [{ event: 'By RudderStack' }]);
    await sendBySegment({}, [{ event: 'By Segment' }]);
    expect(named(await untilQueued(2))).toEqual(['By RudderStack', 'By Segment']);
    expect(unavailable).toBe(2);
  });
});

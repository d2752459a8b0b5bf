import { request } from 'node:http';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { valueAt } from '../lib/json.ts';
import { createLambda, LONGEST_TIMEOUT_MS } from '../local/lambda/lambda.ts';
import { startLoopbackServer, type LoopbackServer } from '../local/loopback-server.ts';
import { describeWithChromium, launchChromium } from './support/chromium.ts';
import { BUILDS, openSite, startSite, type Build } from './support/device-mode-site.ts';
import {
  KEYS,
  startHttpEndpointHarness,
  WRITE_KEY,
  type HttpEndpointHarness,
} from './support/http-endpoint-harness.ts';
import { startWholeWay } from './support/whole-way.ts';

const DEVICE_MODE = JSON.stringify({ appId: '11', useNativeSDK: { web: true } });
const WEB = `p=npm&v=3.34.1&build=modern&writeKey=${WRITE_KEY}`;
const isBuild = (name: string): name is Build => name in BUILDS;

describe('the source configuration of the built function', () => {
  let harness: HttpEndpointHarness;
  beforeAll(async () => {
    harness = await startHttpEndpointHarness(undefined, {
      destinationConfig: DEVICE_MODE,
      throttle: { burst: 1, rate: 0 },
    });
  });
  afterAll(() => harness.stop());

  test('is answered while the routes of events are throttled', async () => {
    const track = () =>
      harness.request('/v1/track', { method: 'POST', body: JSON.stringify({ userId: 'u', event: 'e' }) });
    expect((await track()).status).toBe(200);
    expect((await track()).status).toBe(429);
    for (const path of [`/sourceConfig?${WEB}`, `/sourceConfig/?${WEB}`]) {
      expect(await harness.request(path)).toMatchObject({ status: 200 });
      const preflight = await harness.request(path, { method: 'OPTIONS', headers: { origin: 'https://shop.example' } });
      expect(preflight.status).toBe(204);
    }
    expect((await track()).status).toBe(429);
  });

  test('is answered with 304 when nothing has changed, and the answer still says who may read it', async () => {
    const origin = 'https://shop.example';
    const first = await harness.request(`/sourceConfig/?${WEB}`, { headers: { origin } });
    expect(valueAt(JSON.parse(first.text), ['source', 'destinations'])).toMatchObject([{ config: { appId: '11' } }]);
    const etag = first.headers.get('etag') ?? '';
    const second = await harness.request(`/sourceConfig/?${WEB}`, { headers: { origin, 'if-none-match': etag } });
    expect(second).toMatchObject({ status: 304, text: '' });
    expect(second.headers.get('access-control-allow-origin')).toBe(origin);
  });

  test('is counted when it tells a browser to send to Heap', async () => {
    await harness.request(`/sourceConfig?${WEB}`);
    const log = await harness.wholeLog();
    expect(log).toContain('"DeviceModeConfigs":1');
    expect(log).not.toContain(WRITE_KEY);
  });
});

test.each([
  ['{"appId":"{{ message.context.app || 1 }}","useNativeSDK":{"web":true}}', 'appId cannot be sent to a browser'],
  ['{"appId":', 'DESTINATION_CONFIG is not valid JSON'],
  ['', 'DESTINATION_CONFIG is missing'],
])('the settings %s stop the function when it starts, with one line', async (destinationConfig, problem) => {
  const lambda = createLambda({
    bundle: join(__dirname, '..', 'dist', 'ingest', 'ingest.cjs'),
    timeoutMs: LONGEST_TIMEOUT_MS,
    onLog: () => undefined,
    environment: {
      QUEUE_URL: 'http://127.0.0.1:1/q',
      DEAD_LETTER_QUEUE_URL: 'http://127.0.0.1:1/d',
      INGEST_KEYS_PARAMETER: '/k',
      DESTINATION_CONFIG: destinationConfig,
    },
  });
  const answer = await lambda.invoke({});
  await lambda.stop();
  expect(answer).toEqual({ kind: 'error', message: expect.stringContaining(`ConfigurationError: ${problem}`) });
  expect(valueAt(answer, ['message'])).not.toContain('\n');
});

describeWithChromium('RudderStack’s Web SDK and the source configuration, in Chromium', () => {
  let browser: Browser;
  // Without Playwright's routes, which would turn the browser's cache off. Every test has an address of the HTTP endpoint of its own.
  let page: Page;
  let site: LoopbackServer;
  beforeAll(async () => {
    browser = await launchChromium();
    page = await browser.newPage();
    page.setDefaultTimeout(0);
    site = await startSite();
  });
  afterAll(async () => {
    await browser.close();
    await site.stop();
  });
  test.each(Object.keys(BUILDS).filter(isBuild))('%s asks once for several pages', async (build) => {
    const harness = await startHttpEndpointHarness();
    // What arrives is counted: the browser's own events about an answer of its cache get lost at times.
    const asked: string[] = [];
    const counter = await startLoopbackServer(0, (given, response) => {
      const { method = '', url = '', headers } = given;
      if (method === 'GET' && url.startsWith('/sourceConfig')) asked.push(url);
      const passOn = request(`${harness.httpEndpoint.url}${url}`, { method, headers }, (answer) => {
        response.writeHead(answer.statusCode ?? 502, answer.headers);
        answer.pipe(response);
      });
      given.pipe(passOn);
    });
    for (const isNew of [true, false, false]) await openSite(page, site, counter.url, { build, isNew });
    expect(asked).toHaveLength(1);
    await counter.stop();
    await harness.stop();
  });

  test.each(['3.34.1', '3.5.1', '2.52.21'].filter(isBuild))(
    '%s loses no event of a page that it opens while the keys cannot be read',
    async (build) => {
      const way = await startWholeWay({}, { hasKeys: false });
      const options = { queueOptions: { minRetryDelay: 100, maxRetryDelay: 200 } };
      const refused = page.waitForResponse(
        (response) => response.status() === 503 && response.url().endsWith('/v1/track'),
      );
      await openSite(page, site, way.httpEndpoint.url, { build, options });
      await page.evaluate(`analytics.track('Kept');`);
      await refused;
      expect(way.contents().events).toEqual([]);
      way.httpEndpoint.setKeys(KEYS);
      const { events } = await way.untilDelivered((contents) => contents.events.length > 0);
      expect(events.map(({ event }) => event)).toEqual(['Kept']);
      await way.stop();
    },
  );
});

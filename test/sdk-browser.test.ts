import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { startLoopbackServer, type LoopbackServer } from '../local/loopback-server.ts';
import { describeWithChromium, launchChromium } from './support/chromium.ts';
import { WRITE_KEY } from './support/http-endpoint-harness.ts';
import { startWholeWay, type WholeWay } from './support/whole-way.ts';

const SDK = join(__dirname, '..', 'node_modules/@rudderstack/analytics-js/dist/npm/modern/bundled/esm/index.mjs');
/** Loads the SDK as in docs/ingest.md. The URL's fragment holds what differs between tests. */
const SHOP = `<!doctype html><title>Shop</title><script type="module">
  import { RudderAnalytics } from '/sdk.mjs';
  const { writeKey, url, options } = JSON.parse(decodeURIComponent(location.hash.slice(1)));
  window.analytics = new RudderAnalytics();
  analytics.load(writeKey, url, { configUrl: url, ...options, onLoaded: () => { document.title = 'loaded'; } });
</script>`;

describeWithChromium('RudderStack’s browser SDK in Chromium, with the whole pipeline to Heap', () => {
  let browser: Browser;
  let site: LoopbackServer;
  let way: WholeWay;
  beforeAll(async () => {
    const sdk = readFileSync(SDK);
    site = await startLoopbackServer(0, ({ url }, response) => {
      if (url === '/sdk.mjs') response.writeHead(200, { 'content-type': 'text/javascript' }).end(sdk);
      else response.writeHead(200, { 'content-type': 'text/html' }).end(SHOP);
    });
    browser = await launchChromium();
  });
  afterAll(async () => {
    await browser.close();
    await site.stop();
  });
  beforeEach(async () => {
    way = await startWholeWay();
  });
  afterEach(() => way.stop());

  /** A page on which the SDK is loaded, with the HTTP endpoint as data plane and as configuration URL. */
  async function openShop(
    options: object = {},
  ): Promise<{ readonly page: Page; readonly problems: readonly string[] }> {
    const context = await browser.newContext();
    context.setDefaultTimeout(0);
    const page = await context.newPage();
    const problems: string[] = [];
    page.on('console', (message) => {
      if (message.type() === 'error') problems.push(message.text());
    });
    page.on('pageerror', (error) => problems.push(error.message));
    const given = { writeKey: WRITE_KEY, url: way.httpEndpoint.url, options };
    await page.goto(`${site.url}/#${encodeURIComponent(JSON.stringify(given))}`);
    await page.waitForFunction('document.title === "loaded"');
    return { page, problems };
  }

  test('loads, and its identify and track events arrive', async () => {
    const { page, problems } = await openShop();
    await page.evaluate(`
      analytics.identify('u-1', { plan: 'pro', address: { city: 'Köln' } });
      analytics.track('Signed Up', { price: 12.5, tags: ['a', 'b'] });
      analytics.track('Looked 🚀');
      analytics.page('Home');
    `);
    const { events, users } = await way.untilDelivered(
      ({ events: arrived, users: known }) => arrived.length >= 2 && known.length >= 1,
    );

    expect(users).toEqual([{ appId: '11', identity: 'u-1', properties: { plan: 'pro', 'address.city': 'Köln' } }]);
    expect(events).toHaveLength(2);
    expect(events).toContainEqual({
      app_id: '11',
      identity: 'u-1',
      event: 'Signed Up',
      properties: { price: 12.5, 'tags[0]': 'a', 'tags[1]': 'b' },
      timestamp: expect.stringMatching(/Z$|[+-]\d\d:\d\d$/),
      idempotency_key: expect.stringMatching(/^[0-9a-f-]{36}-[0-9a-v]{12}$/),
    });
    expect(events).toContainEqual(expect.objectContaining({ event: 'Looked 🚀', properties: {} }));
    expect(problems).toEqual([]);
    await page.context().close();
  });

  test('sends its remaining events by beacon when the page is closed', async () => {
    const { page, problems } = await openShop({
      useBeacon: true,
      beaconQueueOptions: { maxItems: 10, flushQueueInterval: 600_000 },
    });
    await page.evaluate(`
      analytics.identify('u-2');
      analytics.track('Added To Cart', { sku: 's-1' });
      analytics.track('Left');
    `);
    expect(way.contents().events).toEqual([]);
    const posted: string[] = [];
    page.context().on('request', (request) => posted.push(new URL(request.url()).pathname));
    await page.goto('about:blank');
    const { events } = await way.untilDelivered((contents) => contents.events.length >= 2);

    expect(events.map(({ event, identity, properties }) => [event, identity, properties])).toEqual([
      ['Added To Cart', 'u-2', { sku: 's-1' }],
      ['Left', 'u-2', {}],
    ]);
    expect(posted.filter((path) => path.startsWith('/v1/'))).toEqual([]);
    expect(problems).toEqual([]);
    await page.context().close();
  });

  test('keeps events while the queue is unavailable, and sends them later', async () => {
    const { page } = await openShop({ queueOptions: { minRetryDelay: 100, maxRetryDelay: 200 } });
    way.network.failNext(Array.from({ length: 8 }, () => 'refused'));
    await page.evaluate(`analytics.track('Kept', {}, {}); analytics.track('Kept too');`);
    const { events } = await way.untilDelivered((contents) => contents.events.length >= 2);
    expect(events.map(({ event }) => event).toSorted()).toEqual(['Kept', 'Kept too']);
    await page.context().close();
  });
});

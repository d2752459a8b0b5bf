import type { Browser } from 'playwright-core';
import { isObject, type JsonObject } from '../../lib/json.ts';
import { admit } from '../../lib/rudderstack/admission.ts';
import { webConfig } from '../../lib/rudderstack/web-config.ts';
import { describeWithChromium, launchChromium } from '../support/chromium.ts';
import { openTab, startSite, visit, type Tab } from '../support/device-mode-site.ts';
import { settingsWith } from '../support/settings.ts';
import { startWholeWay, type WholeWay } from '../support/whole-way.ts';
import { blocksOf, readPage } from './pages.ts';

const page = readPage('docs/device-mode.md');
const DEVICE_MODE = { useNativeSDK: { web: true } };

/** The cells of the table whose first column has this title, without the quotes of code. */
function rowsUnder(title: string): readonly (readonly string[])[] {
  const lines = page.text.split('\n');
  const start = lines.findIndex((line) => line.startsWith(`| ${title} `));
  const end = lines.findIndex((line, index) => index > start && !line.startsWith('|'));
  return lines.slice(start + 2, end).map((line) =>
    line
      .slice(1, -1)
      .split('|')
      .map((cell) => cell.trim().replaceAll('`', '')),
  );
}

function parse(json = ''): JsonObject {
  const value: unknown = JSON.parse(json);
  if (!isObject(value)) throw new Error(`${json} is not an object`);
  return value;
}

const settingsRows = rowsUnder('`DESTINATION_CONFIG`');
const libraryRows = rowsUnder('`context.library`');

test('the tables have rows', () => {
  expect(settingsRows.length).toBeGreaterThan(10);
  expect(libraryRows.length).toBeGreaterThan(10);
});

test.each(settingsRows)('the browser gets for the settings %s what the page says', (config, differs) => {
  const made = webConfig(settingsWith({ ...DEVICE_MODE, ...parse(config) }));
  expect(made).toEqual({ ...parse(settingsRows[0]?.[1]), ...parse(differs) });
});

test('every key that the browser gets is in the table', () => {
  expect(Object.keys(parse(settingsRows[0]?.[1]))).toEqual(Object.keys(webConfig(settingsWith(DEVICE_MODE)) ?? {}));
});

test.each(libraryRows)(
  'the library %s in the channel %s: device mode %s, sent by %s',
  (library, channel, _, sender) => {
    const event = { type: 'track', event: 'A', channel, context: { library: parse(library) } };
    const expected = sender === 'the forwarder' ? { kind: 'admitted' } : { kind: 'filtered', reason: 'device_mode' };
    expect(admit(event, settingsWith(DEVICE_MODE))).toMatchObject(expected);
  },
);

describeWithChromium('the content security policies of docs/device-mode.md, in Chromium', () => {
  let browser: Browser;
  let tab: Tab;
  let way: WholeWay;
  beforeAll(async () => {
    browser = await launchChromium();
    tab = await openTab(browser);
    way = await startWholeWay(DEVICE_MODE);
  });
  afterAll(async () => {
    await way.stop();
    await browser.close();
  });
  const policies = blocksOf(page).filter(({ language }) => language === 'csp');

  test.each([
    ['RudderStack’s CDN', 0, {}, 2],
    ['a copy of the integration on the site', 1, { destSDKBaseURL: '/rudderstack' }, 1],
  ])(
    'with %s, the policy lets the SDK, the integration and Heap’s script work',
    async (_, index, given, fromOutside) => {
      const policy =
        policies[index]?.code.replaceAll('\n', ' ').replaceAll('https://ENDPOINT', way.httpEndpoint.url) ?? '';
      await using site = await startSite(policy);
      const options = Object.fromEntries(Object.entries(given).map(([key, path]) => [key, `${site.url}${path}`]));
      const visitor = await visit(tab, site, way.httpEndpoint.url, { build: '3.34.1', options });
      await visitor.call(`analytics.track('E');`, 1);
      await visitor.untilTracked('E');
      expect(await visitor.heapCalls()).toHaveLength(1);
      expect(visitor.problems).toEqual([]);
      expect(visitor.outside).toHaveLength(fromOutside);
      await visitor.leave();
    },
  );

  test('the policy for a copy on the site does not allow RudderStack’s CDN', async () => {
    const policy = policies[1]?.code.replaceAll('\n', ' ').replaceAll('https://ENDPOINT', way.httpEndpoint.url) ?? '';
    await using site = await startSite(policy);
    const visitor = await visit(tab, site, way.httpEndpoint.url, { build: '3.34.1' });
    expect(visitor.problems.join()).toContain('Content Security Policy');
    await visitor.leave();
  });
});

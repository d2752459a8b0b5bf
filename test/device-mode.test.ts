import type { Browser } from 'playwright-core';
import type { JsonObject } from '../lib/json.ts';
import type { LoopbackServer } from '../local/loopback-server.ts';
import { describeWithChromium, launchChromium } from './support/chromium.ts';
import {
  BUILDS,
  LITE_BUILDS,
  openTab,
  startSite,
  visit,
  type Build,
  type PostedCopy,
  type Tab,
  type Visit,
  type Visitor,
} from './support/device-mode-site.ts';
import { WRITE_KEY } from './support/http-endpoint-harness.ts';
import { startWholeWay, type WholeWay } from './support/whole-way.ts';

const isBuild = (name: string): name is Build => name in BUILDS || name in LITE_BUILDS;
const builds = Object.keys(BUILDS).filter(isBuild);
/** One of each version. */
const mainBuilds = ['3.34.1', '3.5.1', '2.52.21'].filter(isBuild);
const liteBuilds = Object.keys(LITE_BUILDS).filter(isBuild);
const DEVICE_MODE = { useNativeSDK: { web: true }, connectionMode: { web: 'device' } };

// One browser, one tab and one site for all tests. Each visit begins without cookies and storage, and the stubs turn the cache off.
let browser: Browser | undefined;
let tab: Tab | undefined;
let site: LoopbackServer | undefined;
let way: WholeWay;
afterAll(async () => {
  await site?.stop();
  await browser?.close();
});

async function open(given: Visit): Promise<Visitor> {
  if (tab === undefined || site === undefined) throw new Error('the browser and the site have not been started');
  return await visit(tab, site, way.httpEndpoint.url, given);
}
const tracked = async (visitor: Visitor): Promise<readonly unknown[]> =>
  (await visitor.heapCalls()).filter(({ method }) => method === 'track').map(({ args }) => args[0]);

/**
 * Tests that share one pipeline. At their end, the forwarder must have filtered what they expect, and delivered nothing but
 * the events of builds without device mode.
 */
function describeWith(title: string, config: JsonObject, tests: (expectFiltered: ExpectFiltered) => void): void {
  describeWithChromium(title, () => {
    const expected: Record<string, number> = {};
    beforeAll(async () => {
      browser ??= await launchChromium();
      tab ??= await openTab(browser);
      site ??= await startSite();
      way = await startWholeWay(config);
    });
    afterAll(() => way.stop());
    tests((reason, count) => {
      expected[reason] = (expected[reason] ?? 0) + count;
    });
    test('in the end the forwarder has filtered exactly the copies that it has to', async () => {
      await way.untilDelivered();
      expect(await way.filtered()).toEqual(expected);
    });
  });
}

type ExpectFiltered = (reason: string, count: number) => void;

describeWith('device mode', DEVICE_MODE, (expectFiltered) => {
  test.each(builds)('with %s the browser sends each event once, and the forwarder none', async (build) => {
    const visitor = await open({ build });
    const name = `E ${build}`;
    await visitor.call(
      `analytics.identify('u-1', { plan: 'pro', address: { city: 'Köln' } });
       analytics.track(${JSON.stringify(name)}, { price: 12.5, tags: ['a', 'b'] });
       analytics.page('Home');`,
      3,
    );
    await visitor.untilTracked(name);
    expect(await visitor.heapCalls()).toEqual([
      { appId: '11', method: 'identify', args: ['u-1'] },
      { appId: '11', method: 'addUserProperties', args: [{ plan: 'pro', 'address.city': 'Köln' }] },
      { appId: '11', method: 'track', args: [name, { price: 12.5, 'tags[0]': 'a', 'tags[1]': 'b' }] },
    ]);
    expect(visitor.outside).toEqual([
      expect.stringMatching(/^https:\/\/cdn\.rudderlabs\.com\/.*\/Heap\.min\.js$/),
      'https://cdn.heapanalytics.com/js/heap-11.js',
    ]);
    expectFiltered('device_mode', 2);
    expectFiltered('unsupported_type', 1);
    await way.untilDelivered();
    expect(way.contents()).toMatchObject({ events: [], users: [] });
    await visitor.leave();
  });

  test.each(builds)('with %s an event that is not for Heap reaches it by neither way', async (build) => {
    const visitor = await open({ build });
    await visitor.call(
      `analytics.track('Not for Heap', {}, { integrations: { All: true, 'Heap.io': false } });
       analytics.track('For Heap', {});`,
      2,
    );
    await visitor.untilTracked('For Heap');
    expect(await tracked(visitor)).toEqual(['For Heap']);
    expectFiltered('integrations', 1);
    expectFiltered('device_mode', 1);
    await visitor.leave();
  });

  test.each(builds)('with %s a page that is not for Heap does not load it', async (build) => {
    const visitor = await open({ build, options: { integrations: { All: true, 'Heap.io': false } } });
    await visitor.call(`analytics.track('Not for Heap');`, 1);
    expect([await visitor.heapCalls(), visitor.outside]).toEqual([[], []]);
    // The SDK tells its own integrations what the page wants, and not the server.
    expectFiltered('device_mode', 1);
    await visitor.leave();
  });

  test('the events of builds without device mode are delivered by the forwarder', async () => {
    for (const build of liteBuilds) {
      const visitor = await open({ build });
      await visitor.call(`analytics.identify('u-lite', { plan: 'pro' }); analytics.track('From ${build}');`, 2);
      expect([await visitor.heapCalls(), visitor.outside]).toEqual([[], []]);
      await visitor.leave();
    }
    const { events, users } = await way.untilDelivered();
    expect(events.map(({ event }) => event).toSorted()).toEqual(liteBuilds.map((build) => `From ${build}`).toSorted());
    expect(users).toMatchObject([{ identity: 'u-lite' }]);
  });
});

describeWith('a deny list', { ...DEVICE_MODE, ...denyList() }, (expectFiltered) => {
  test.each(mainBuilds)('with %s a denied name reaches Heap by neither way', async (build) => {
    const visitor = await open({ build });
    await visitor.call(`analytics.track('Denied'); analytics.track('Other');`, 2);
    await visitor.untilTracked('Other');
    expect(await tracked(visitor)).toEqual(['Other']);
    expectFiltered('event_blacklisted', 1);
    expectFiltered('device_mode', 1);
    await visitor.leave();
  });
});

describeWith('an allow list', { ...DEVICE_MODE, ...allowList() }, (expectFiltered) => {
  test.each(mainBuilds)('with %s a name that is not allowed reaches Heap by neither way', async (build) => {
    const visitor = await open({ build });
    await visitor.call(`analytics.track('Other'); analytics.track('Allowed');`, 2);
    await visitor.untilTracked('Allowed');
    expect(await tracked(visitor)).toEqual(['Allowed']);
    expectFiltered('event_not_whitelisted', 1);
    expectFiltered('device_mode', 1);
    await visitor.leave();
  });
});

function denyList(): JsonObject {
  return { eventFilteringOption: 'blacklistedEvents', blacklistedEvents: [{ eventName: ' Denied ' }] };
}

function allowList(): JsonObject {
  return { eventFilteringOption: 'whitelistedEvents', whitelistedEvents: [{ eventName: 'Allowed' }] };
}

/** Rules in RudderStack's generic form, and the lists of its older form. */
const GENERIC = {
  consentManagement: [
    { provider: 'custom', consents: [{ consent: 'c1' }, { consent: 'c2' }], resolutionStrategy: 'and' },
    { provider: 'oneTrust', consents: [{ consent: 'C1' }, { consent: 'C2' }] },
    { provider: 'ketch', consents: [{ consent: 'ads' }, { consent: 'analytics' }] },
  ],
};
const LEGACY = {
  oneTrustCookieCategories: [{ oneTrustCookieCategory: 'C1' }, { oneTrustCookieCategory: 'C2' }],
  ketchConsentPurposes: [{ purpose: 'ads' }, { purpose: 'analytics' }],
};
const custom = GENERIC.consentManagement.slice(0, 1);

describe('consent', () => {
  let served: unknown;
  const copies: Copy[] = [];

  describeWith('in device mode', { ...DEVICE_MODE, ...GENERIC }, (expectFiltered) => {
    beforeAll(async () => {
      served = await sourceConfig();
    });
    const cases = mainBuilds.flatMap((build) => consents(build).map((consent) => ({ build, ...consent })));
    test.each(cases)('with $build: $title', async ({ build, visited, isGiven }) => {
      const visitor = await open({ build, ...visited });
      await visitor.call(`analytics.identify('u-1', { plan: 'pro' }); analytics.track('E');`, 2);
      if (isGiven) await visitor.untilTracked('E');
      expect(await tracked(visitor)).toEqual(isGiven ? ['E'] : []);
      expect(visitor.outside.length > 0).toBe(isGiven);
      expect(way.contents()).toMatchObject({ events: [], users: [] });
      // Version 2 does not say which provider it goes by: the rules of every provider count.
      expectFiltered(isGiven ? 'device_mode' : 'consent', 2);
      copies.push(...visitor.copies.map((copy) => ({ ...copy, isGiven })));
      await visitor.leave();
    });
  });

  describe.each<[string, JsonObject]>([
    ['generic, by source', { consentManagement: { web: GENERIC.consentManagement, ios: [] } }],
    [
      'legacy lists, for all sources, beside a generic rule of another provider',
      { ...LEGACY, consentManagement: custom },
    ],
    [
      'legacy lists, by source, beside a generic rule of another provider',
      {
        oneTrustCookieCategories: { web: LEGACY.oneTrustCookieCategories },
        ketchConsentPurposes: { web: LEGACY.ketchConsentPurposes },
        consentManagement: { web: custom },
      },
    ],
  ])('in the form %s', (_, config) => {
    describeWith('in device mode', { ...DEVICE_MODE, ...config }, (expectFiltered) => {
      test('browsers get the same settings, so they do the same', async () => {
        expect(await sourceConfig()).toEqual(served);
      });

      test('the same copies are filtered', async () => {
        expect(copies).toHaveLength(2 * mainBuilds.flatMap(consents).length);
        for (const { path, headers, body, isGiven } of copies) {
          const { status } = await fetch(way.httpEndpoint.url + path, { method: 'POST', headers, body });
          expect(status).toBe(200);
          expectFiltered(isGiven ? 'device_mode' : 'consent', 1);
        }
        await way.untilDelivered();
        expect(way.contents()).toMatchObject({ events: [], users: [] });
      });
    });
  });
});

/** What a browser has posted to the HTTP endpoint, and whether its user had consented. */
interface Copy extends PostedCopy {
  readonly isGiven: boolean;
}

/** The settings that the HTTP endpoint gives to browsers. */
async function sourceConfig(): Promise<unknown> {
  const response = await fetch(`${way.httpEndpoint.url}/sourceConfig?p=npm&writeKey=${WRITE_KEY}`, {
    headers: { authorization: `Basic ${btoa(`${WRITE_KEY}:`)}` },
  });
  const settings: unknown = await response.json();
  expect(settings).toMatchObject({ source: { destinations: [{ config: { connectionMode: 'device' } }] } });
  return settings;
}

interface ConsentCase {
  readonly title: string;
  readonly visited: Omit<Visit, 'build'>;
  readonly isGiven: boolean;
}

/** A user who has given each consent, and one who has denied enough. Version 2 has no custom consent. */
function consents(build: Build): readonly ConsentCase[] {
  const isVersion2 = build.startsWith('2');
  const enabled = (provider: string): JsonObject =>
    isVersion2
      ? { cookieConsentManager: { [provider]: { enabled: true } } }
      : { consentManagement: { enabled: true, provider } };
  const oneTrust = (given: readonly string[]): Omit<Visit, 'build'> => ({
    options: enabled('oneTrust'),
    globals: {
      OnetrustActiveGroups: `,${given.join(',')},`,
      oneTrustGroups: ['C1', 'C2'].map((id) => ({ CustomGroupId: id, GroupName: `Group ${id}` })),
    },
  });
  const ketch = (ads: boolean, analytics: boolean): Omit<Visit, 'build'> => ({
    options: enabled('ketch'),
    globals: { ketchConsent: { ads, analytics } },
  });
  const own = (allowedConsentIds: readonly string[], deniedConsentIds: readonly string[]): Omit<Visit, 'build'> => ({
    options: { consentManagement: { enabled: true, provider: 'custom', allowedConsentIds, deniedConsentIds } },
  });
  return [
    { title: 'OneTrust, both given', visited: oneTrust(['C1', 'C2']), isGiven: true },
    { title: 'OneTrust, one denied', visited: oneTrust(['C1']), isGiven: false },
    { title: 'Ketch, one of two denied', visited: ketch(true, false), isGiven: true },
    { title: 'Ketch, both denied', visited: ketch(false, false), isGiven: false },
    ...(isVersion2
      ? []
      : [
          { title: 'custom, both given', visited: own(['c1', 'c2'], []), isGiven: true },
          { title: 'custom, one denied', visited: own(['c1'], ['c2']), isGiven: false },
        ]),
  ];
}

describeWith('with the toggle off', { useNativeSDK: { web: false }, connectionMode: { web: 'cloud' } }, () => {
  test('the browser sends nothing to Heap, and the forwarder each event once', async () => {
    const all = [...builds, ...liteBuilds];
    for (const build of all) {
      const visitor = await open({ build });
      await visitor.call(`analytics.identify('u ${build}', { plan: 'pro' }); analytics.track('E ${build}');`, 2);
      expect([await visitor.heapCalls(), visitor.outside]).toEqual([[], []]);
      await visitor.leave();
    }
    const { events, users } = await way.untilDelivered();
    expect(events.map(({ event }) => event).toSorted()).toEqual(all.map((build) => `E ${build}`).toSorted());
    expect(users.map(({ identity }) => identity).toSorted()).toEqual(all.map((build) => `u ${build}`).toSorted());
  });
});

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { isArray, isObject, type JsonObject } from '../../lib/json.ts';
import { startLoopbackServer, type LoopbackServer } from '../../local/loopback-server.ts';
import { WRITE_KEY } from './http-endpoint-harness.ts';

const ROOT = join(__dirname, '..', '..');
const LATEST = 'node_modules/@rudderstack/analytics-js/dist/npm';
const OLDER = 'node_modules/analytics-js-3-5/dist/npm';

/** Real builds of RudderStack's Web SDK, all of which have device mode. */
export const BUILDS = {
  '3.34.1': `${LATEST}/modern/bundled/umd/index.js`,
  '3.34.1 legacy': `${LATEST}/legacy/umd/index.js`,
  '3.34.1 content script': `${LATEST}/modern/content-script/umd/index.js`,
  '3.5.1': `${OLDER}/modern/bundled/umd/index.js`,
  '2.52.21': 'node_modules/rudder-sdk-js/dist/npm/index.js',
} as const;

/** Builds without device mode. */
export const LITE_BUILDS = {
  '3.34.1 lite': `${LATEST}/modern/lite/umd/index.js`,
  '3.34.1 legacy lite': `${LATEST}/legacy/lite/umd/index.js`,
} as const;

export type Build = keyof typeof BUILDS | keyof typeof LITE_BUILDS;

const FILES: Readonly<Record<Build, string>> = { ...BUILDS, ...LITE_BUILDS };

const PAGE = '<!doctype html><script src="/page.js"></script>';
/** Loads a build with the HTTP endpoint. Version 2 is an object, version 3 a class. `isReady` is a promise of the page. */
const SCRIPT = `
  const { writeKey, url, options, globals, build, isNew } = JSON.parse(decodeURIComponent(location.hash.slice(1)));
  if (isNew) {
    localStorage.clear();
    sessionStorage.clear();
    if (document.cookie !== '') throw new Error('there are cookies of an earlier visit');
  }
  Object.assign(window, globals);
  if (window.oneTrustGroups) window.OneTrust = { GetDomainData: () => ({ Groups: window.oneTrustGroups }) };
  const script = document.createElement('script');
  script.src = '/sdk/' + encodeURIComponent(build);
  const isReady = new Promise((resolve) => {
    script.addEventListener('load', () => {
      const sdk = window.rudderanalytics;
      window.analytics = sdk.RudderAnalytics ? new sdk.RudderAnalytics() : sdk;
      analytics.ready(() => resolve());
      analytics.load(writeKey, url, { configUrl: url, ...options });
    });
  });
  document.head.append(script);
`;

/**
 * A website that uses the SDK, and that has RudderStack's integration at /rudderstack/Heap.min.js.
 *
 * @param policy its content security policy
 */
export async function startSite(policy?: string): Promise<LoopbackServer> {
  const scripts = new Map<string, () => string | Buffer>([
    ['/page.js', () => SCRIPT],
    ['/rudderstack/Heap.min.js', () => readStub('heap-integration.js')],
    ...Object.entries(FILES).map(([build, file]): [string, () => Buffer] => [
      `/sdk/${encodeURIComponent(build)}`,
      () => readFileSync(join(ROOT, file)),
    ]),
  ]);
  return await startLoopbackServer(0, ({ url = '' }, response) => {
    if (policy !== undefined) response.setHeader('content-security-policy', policy);
    const script = scripts.get(url);
    response.writeHead(200, { 'content-type': script === undefined ? 'text/html' : 'text/javascript' });
    response.end(script?.() ?? PAGE);
  });
}

/** What a user does before the page loads the SDK. */
export interface Visit {
  readonly build: Build;
  /** The SDK's load options. */
  readonly options?: JsonObject;
  /** Global variables, as consent managers make them. */
  readonly globals?: JsonObject;
  /** False: the site has been visited before, and its storage is kept. The default is true. */
  readonly isNew?: boolean;
}

/** A page for one visit after another. A window for each would need three times the time. */
export interface Tab {
  readonly page: Page;
  /** Addresses on the internet that the page of the visit has requested. The stubs answer for them. */
  outside: string[];
}

/** Opens a tab whose internet is the stubs. Nothing that waits for its page has a time limit. */
export async function openTab(browser: Browser): Promise<Tab> {
  const page = await browser.newPage();
  page.setDefaultTimeout(0);
  const tab: Tab = { page, outside: [] };
  await standInForInternet(page, (url) => tab.outside.push(url));
  return tab;
}

/** One request with events that the SDK has posted to the HTTP endpoint. */
export interface PostedCopy {
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** A page with the SDK, and what has left it. */
export interface Visitor {
  /** Error messages of the console. */
  readonly problems: readonly string[];
  /** Addresses on the internet that the page has requested. The stubs answer for them. */
  readonly outside: readonly string[];
  /** What the HTTP endpoint has taken from it. */
  readonly copies: readonly PostedCopy[];
  /** Runs JavaScript that makes a number of calls, and waits until the HTTP endpoint has taken a copy of each. */
  readonly call: (script: string, copies: number) => Promise<void>;
  /** The calls of Heap's script, in their order. */
  readonly heapCalls: () => Promise<readonly HeapBrowserCall[]>;
  /** Waits until Heap's script has got a track event. */
  readonly untilTracked: (name: string) => Promise<void>;
  readonly leave: () => Promise<void>;
}

export interface HeapBrowserCall {
  readonly appId: unknown;
  readonly method: unknown;
  readonly args: readonly unknown[];
}

/** Opens the site, and waits until the SDK and its integrations are ready. */
export async function openSite(page: Page, site: LoopbackServer, url: string, given: Visit): Promise<void> {
  const { build, options = {}, globals = {}, isNew = true } = given;
  // What only differs in its fragment would not be loaded again.
  if (page.url() !== 'about:blank') await page.goto('about:blank');
  if (isNew) await page.context().clearCookies();
  const forPage = { writeKey: WRITE_KEY, url, options, globals, build, isNew };
  await page.goto(`${site.url}/#${encodeURIComponent(JSON.stringify(forPage))}`);
  await page.evaluate('isReady');
}

/** Visits the site with the cookies and the storage of a user who comes for the first time. */
export async function visit(tab: Tab, site: LoopbackServer, url: string, given: Visit): Promise<Visitor> {
  const { page } = tab;
  const outside: string[] = [];
  tab.outside = outside;
  page.removeAllListeners();
  const problems: string[] = [];
  page.on('console', (message) => {
    if (message.type() === 'error') problems.push(message.text());
  });
  const copies: PostedCopy[] = [];
  page.on('response', (response) => {
    const request = response.request();
    if (request.method() !== 'POST' || !request.url().startsWith(`${url}/v1/`) || !response.ok()) return;
    const { authorization = '', 'content-type': contentType = '' } = request.headers();
    const headers = { authorization, 'content-type': contentType };
    copies.push({ path: request.url().slice(url.length), headers, body: request.postData() ?? '' });
  });
  await openSite(page, site, url, given);
  return {
    problems,
    outside,
    copies,
    async call(script, count) {
      const expected = copies.length + count;
      // The listener above has counted the response already.
      const areTaken = page.waitForEvent('response', () => copies.length >= expected);
      await page.evaluate(script);
      await areTaken;
    },
    async heapCalls() {
      const calls: unknown = await page.evaluate('globalThis.heapCalls ?? []');
      return (isArray(calls) ? calls : []).map((call) => {
        if (!isObject(call) || !isArray(call['args'])) throw new Error('this is not a call of Heap');
        return { appId: call['appId'], method: call['method'], args: call['args'] };
      });
    },
    async untilTracked(name) {
      // The stub of Heap's script tells the page of each call. Playwright's own function would ask it in every frame.
      await page.evaluate(`new Promise((resolve) => {
        const look = () => {
          if ((globalThis.heapCalls ?? []).some(({ args }) => args[0] === ${JSON.stringify(name)})) resolve();
        };
        addEventListener('heap', look);
        look();
      })`);
    },
    async leave() {
      await page.goto('about:blank');
    },
  };
}

/** Serves the stubs at the addresses of RudderStack's integration and of Heap's script, and nothing else. */
async function standInForInternet(page: Page, onRequest: (url: string) => void): Promise<void> {
  await page.route(/^https:/, async (route) => {
    const url = route.request().url();
    onRequest(url);
    const contentType = 'text/javascript';
    if (/^https:\/\/cdn\.rudderlabs\.com\/.*\/Heap\.min\.js$/.test(url)) {
      await route.fulfill({ contentType, body: readStub('heap-integration.js') });
    } else if (/^https:\/\/cdn\.heapanalytics\.com\/js\/heap-[^/]+\.js$/.test(url)) {
      await route.fulfill({ contentType, body: readStub('heap.js') });
    } else await route.abort();
  });
}

function readStub(name: string): string {
  return readFileSync(join(ROOT, 'local', 'device-mode', name), 'utf8');
}

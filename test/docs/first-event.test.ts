import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import type { Browser } from 'playwright-core';
import type { JsonObject } from '../../lib/json.ts';
import { describeWithChromium, launchChromium } from '../support/chromium.ts';
import { WRITE_KEY } from '../support/http-endpoint-harness.ts';
import { startWholeWay, type WholeWay } from '../support/whole-way.ts';
import { blockUnder, readPage, ROOT } from './pages.ts';

/** Runs the README's first events as they are, except for the URL and the write key. */
const README = readPage('README.md');
let way: WholeWay;
beforeEach(async () => {
  way = await startWholeWay();
});
afterEach(() => way.stop());

function snippet(heading: string, language: string): string {
  const code = blockUnder(README, heading, language);
  expect(code).toContain('http://127.0.0.1:4568');
  expect(code).toContain('local-write-key');
  return code.replaceAll('http://127.0.0.1:4568', way.httpEndpoint.url).replaceAll('local-write-key', WRITE_KEY);
}

/** A temporary file in the root of the repository. Its name differs from the README's, which a reader may have created. */
async function withFile<Result>(
  name: string,
  content: string,
  work: (path: string) => Promise<Result>,
): Promise<Result> {
  const path = join(ROOT, `.test-${process.pid}-${name}`);
  writeFileSync(path, content);
  try {
    return await work(path);
  } finally {
    rmSync(path);
  }
}

async function firstEvent(): Promise<JsonObject | undefined> {
  const { events } = await way.untilDelivered((contents) => contents.events.length > 0);
  expect(events).toHaveLength(1);
  return events[0];
}

test('curl', async () => {
  const { stdout } = await promisify(execFile)('sh', ['-ec', snippet('curl', 'sh')]);
  expect(stdout).toBe('ok');
  expect(await firstEvent()).toMatchObject({ event: 'Hello from curl', identity: 'u-1' });
});

test.each(['mjs', 'cjs'])('Node, as first-event.%s', async (extension) => {
  const output = await withFile(`first-event.${extension}`, snippet('Node', 'js'), async (path) => {
    const child = spawn(process.execPath, [path], { stdio: ['ignore', 'pipe', 'inherit'] });
    const [said, [code]] = await Promise.all([text(child.stdout), once(child, 'exit')]);
    return [said, code];
  });
  expect(output).toEqual(['sent\n', 0]);
  expect(await firstEvent()).toMatchObject({ event: 'Hello from Node', identity: 'u-1' });
});

test('Node: both forms of the import give the same class', async () => {
  const forms = [...README.text.matchAll(/`((?:import Analytics|const Analytics)[^`]+)`/g)].map(
    ([, form = '']) => form,
  );
  expect(forms).toHaveLength(2);
  for (const form of forms) {
    const flag = form.startsWith('import') ? 'module' : 'commonjs';
    const args = [`--input-type=${flag}`, '-e', `${form}; console.log(typeof Analytics.prototype.track)`];
    const { stdout } = await promisify(execFile)(process.execPath, args, { cwd: ROOT });
    expect(stdout).toBe('function\n');
  }
});

describeWithChromium('Browser', () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await launchChromium();
  });
  afterAll(() => browser.close());

  test('the page sends its event, and calls only the endpoint', async () => {
    const called: string[] = [];
    const arrived = await withFile('first-event.html', snippet('Browser', 'html'), async (path) => {
      const page = await browser.newPage();
      page.on('request', (request) => called.push(new URL(request.url()).origin));
      await page.goto(pathToFileURL(path).href);
      return await firstEvent();
    });
    expect(arrived).toMatchObject({ event: 'Hello from the browser', properties: { page: 'First event' } });
    expect([...new Set(called)].toSorted()).toEqual([way.httpEndpoint.url, 'null'].toSorted());
  });
});

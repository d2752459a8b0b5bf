import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import { networkInterfaces } from 'node:os';
import { promisify } from 'node:util';
import { ReceiveMessageCommand, SendMessageCommand } from '@aws-sdk/client-sqs';
import type { Browser, Page } from 'playwright-core';
import { isArray, valueAt } from '../lib/json.ts';
import { createLocalClient } from '../local/queues.ts';
import { describeWithChromium, launchChromium } from './support/chromium.ts';
import { startDev, type DevProcess } from './support/dev-process.ts';
import { untilKeysAreRead } from './support/http-endpoint-harness.ts';

let dev: DevProcess;
const address = (name: string): string => dev.address(name);
const sendToQueue = async (queue: string, body: object): Promise<void> => {
  const client = createLocalClient(address('sqsEndpoint'));
  await client.send(new SendMessageCommand({ QueueUrl: address(queue), MessageBody: JSON.stringify(body) }));
  client.destroy();
};
beforeAll(async () => {
  dev = await startDev();
});
afterAll(() => dev.stop());

describeWithChromium('the live view, in Chromium', () => {
  let browser: Browser;
  let page: Page;
  /** For what is seen on a second page, one test after the other: a window for each would take most of their time. */
  let second: Page;
  const problems: string[] = [];
  beforeAll(async () => {
    browser = await launchChromium();
    page = await newPage();
    second = await newPage();
    page.on('pageerror', (error) => problems.push(error.message));
    page.on('console', (message) => {
      if (message.type() === 'error') problems.push(message.text());
    });
    await page.goto(address('viewUrl'));
    await page.getByText('live', { exact: true }).waitFor();
  });
  afterAll(() => browser.close());

  /** A page on which waiting has no time limit. */
  async function newPage(): Promise<Page> {
    const one = await browser.newPage();
    one.setDefaultTimeout(0);
    return one;
  }

  /** Opens the live view on the second page. */
  async function openSecond(width = 1280, height = 720, colorScheme: 'light' | 'dark' = 'light'): Promise<Page> {
    await second.setViewportSize({ width, height });
    await second.emulateMedia({ colorScheme });
    await second.goto(address('viewUrl'));
    return second;
  }
  afterEach(async () => {
    await second.unrouteAll();
    if (second.url() !== 'about:blank') await second.goto('about:blank');
  });

  /** Changes a fault of the simulator, and waits until it is in effect. */
  async function changeFault(choose: () => Promise<void>): Promise<void> {
    const answered = page.waitForResponse('**/api/fault');
    await choose();
    await answered;
  }
  const setFault = (label: string) => changeFault(() => page.getByLabel(label).check());
  const refuseEntriesWith = (text: string) =>
    changeFault(async () => {
      await page.getByLabel('refuses entries that contain this text').fill(text);
      await page.keyboard.press('Enter');
    });

  const paste = (event: object | string) =>
    page.getByLabel('A RudderStack event').fill(typeof event === 'string' ? event : JSON.stringify(event));
  const send = () => page.getByRole('button', { name: 'Send to the queue' }).click();
  const row = (text: string) => page.locator('#events li', { hasText: text });
  const untilCount = (counter: string, count: number, one = page) =>
    one.locator(`[data-count="${counter}"]`, { hasText: new RegExp(`^${count}$`) }).waitFor();

  test('an empty pipeline is described in words', async () => {
    await page.getByText('None yet. Send one above').waitFor();
    await page.getByText('No event in the last two minutes.').waitFor();
    await page.locator('#no-dead-letters', { hasText: 'None.' }).waitFor();
    await untilCount('waiting', 0);
    expect(await page.locator('[data-count]').allTextContents()).toEqual(['0', '0', '0', '0']);
  });

  test('what has not come yet is said to be loading', async () => {
    await second.route('**/api/**', () => undefined);
    const loading = await openSecond();
    for (const what of ['totals', 'events', 'dead letters', 'address']) {
      expect(await loading.getByText(`Loading the ${what} …`).count()).toBe(1);
    }
  });

  test('a pasted event shows its mapping at once', async () => {
    await paste({ type: 'track', userId: 'u-1', event: 'Bought', properties: { cart: { total: 12.5 } } });
    await page.locator('#mapping', { hasText: '"cart.total": 12.5' }).waitFor();
    await paste({ type: 'track', userId: 'u-1' });
    await page.locator('#mapping', { hasText: 'event is required' }).waitFor();
    await paste('not JSON');
    await page.locator('#mapping', { hasText: 'not_json' }).waitFor();
    expect(await page.locator('#events li').count()).toBe(0);
  });

  test('an event that is sent appears with what Heap got, and is counted', async () => {
    await paste({ type: 'track', userId: 'u-1', event: 'Bought', properties: { cart: { total: 12.5 } } });
    await send();
    await row('delivered Bought').waitFor();
    await page.locator('#chart rect.delivered').first().waitFor({ state: 'attached' });
    await untilCount('delivered', 1);
    await row('Bought').locator('summary').press('Enter');
    expect(await row('Bought').locator('pre').last().textContent()).toContain('"cart.total": 12.5');
  });

  test('filtered and dead-lettered events show their reason; events from the HTTP endpoint appear as well', async () => {
    const body = JSON.stringify({
      batch: [
        { type: 'page', userId: 'u' },
        { type: 'track', userId: 'u' },
      ],
    });
    await untilKeysAreRead(address('httpEndpointUrl'), 'local-write-key');
    const authorization = `Basic ${Buffer.from('local-write-key:').toString('base64')}`;
    const answer = await fetch(`${address('httpEndpointUrl')}/v1/batch`, {
      method: 'POST',
      body,
      headers: { authorization },
    });
    expect(answer.status).toBe(200);
    await row('filtered page — unsupported_type').waitFor();
    await row('dead-lettered track — missing_event: event is required').waitFor();
    await page.locator('#dead-letters li', { hasText: 'missing_event' }).waitFor();
    await untilCount('dead-lettered', 1);
    await untilCount('filtered', 1);
  });

  test('the page receives no message of the dead-letter queue', async () => {
    const client = createLocalClient(address('sqsEndpoint'));
    const { Messages = [] } = await client.send(
      new ReceiveMessageCommand({
        QueueUrl: address('deadLetterQueueUrl'),
        MessageSystemAttributeNames: ['ApproximateReceiveCount'],
        VisibilityTimeout: 0,
      }),
    );
    client.destroy();
    // This receive is the first one.
    expect(Messages.map(({ Attributes }) => Attributes?.ApproximateReceiveCount)).toEqual(['1']);
  });

  test('the curl line sends the event in the box by the HTTP endpoint', async () => {
    await paste({ type: 'track', userId: 'u-4', event: "It's curl" });
    const line = (await page.locator('#curl').textContent()) ?? '';
    expect(line).toContain(`${address('httpEndpointUrl')}/v1/track`);
    const { stdout } = await promisify(execFile)('sh', ['-c', line]);
    expect(stdout).toBe('ok');
    await row("delivered It's curl").waitFor();
    await paste('not JSON');
    expect(await page.locator('#curl').textContent()).toContain('Hello from curl');
  });

  test('an event that Heap refuses is dead-lettered, and delivered when it is sent again and Heap accepts it', async () => {
    await refuseEntriesWith('poison');
    await paste({ type: 'track', userId: 'u-2', event: 'poison' });
    await send();
    await row('dead-lettered poison — Heap answered 400').waitFor();
    const deadLetter = page.locator('#dead-letters li', { hasText: 'poison — heap_refused: Heap answered 400' });
    await deadLetter.waitFor();

    await refuseEntriesWith('');
    await deadLetter.getByRole('button', { name: 'Send again: poison' }).click();
    await row('delivered poison').waitFor();
    await deadLetter.waitFor({ state: 'detached' });
    await untilCount('delivered', 3);
    // The older dead letter was not selected.
    await untilCount('dead-lettered', 1);
    expect(await page.locator('#dead-letters li', { hasText: 'missing_event' }).count()).toBe(1);
  });

  test('the totals count everything, also what no page has shown', async () => {
    const batch = Array.from({ length: 250 }, (_, index) => ({ type: 'track', userId: 'u', event: `E${index}` }));
    await sendToQueue('queueUrl', { batch });
    for (const event of ['a', 'b', 'c']) await sendToQueue('deadLetterQueueUrl', { type: 'track', event });
    await untilCount('delivered', 253);
    await untilCount('dead-lettered', 4);
    const later = await openSecond();
    await untilCount('delivered', 253, later);
    expect(await later.locator('#events li').count()).toBe(200);
  });

  test('while Heap fails, the event waits, and the page shows why', async () => {
    await setFault('answers 500');
    await paste({ type: 'track', userId: 'u-3', event: 'Patient' });
    await send();
    await row('waiting Patient — deferred: Heap answered 500').waitFor();
    await untilCount('waiting', 1);
    expect(await row('delivered Patient').count()).toBe(0);
    await setFault('is healthy');
  });

  test('a page that is opened later shows the earlier events and the current fault', async () => {
    await setFault('takes 3 s');
    const later = await openSecond();
    await later.locator('#events li', { hasText: 'Patient' }).waitFor();
    await later.locator('input[value="slow"]:checked').waitFor();
    expect(await later.getByLabel('is healthy').isChecked()).toBe(false);
    await setFault('is healthy');
  });

  /** What axe finds, as the names of its rules and what they have found. */
  async function accessibilityProblems(of: Page): Promise<readonly string[]> {
    await of.addScriptTag({ path: require.resolve('axe-core/axe.min.js') });
    const found: unknown = await of.evaluate('axe.run({ resultTypes: ["violations"] })');
    const violations = valueAt(found, ['violations']);
    if (!isArray(violations)) throw new Error('axe has found nothing out');
    return violations.map((one) => JSON.stringify([valueAt(one, ['id']), valueAt(one, ['nodes'])]));
  }

  test('axe finds no accessibility problem, in the light and in the dark', async () => {
    const wide = await openSecond(1440, 900);
    await wide.locator('#events summary').first().press('Enter');
    await wide.locator('#dead-letters li').first().waitFor();
    expect(await accessibilityProblems(wide)).toEqual([]);
    await wide.emulateMedia({ colorScheme: 'dark' });
    expect(await accessibilityProblems(wide)).toEqual([]);
  });

  test.each([1440, 600])('at %d px the grid is filled, and what Heap would get is not clipped', async (width) => {
    const sized = await openSecond(width, 900);
    const properties = Object.fromEntries(Array.from({ length: 60 }, (_, index) => [`p${index}`, 'x'.repeat(90)]));
    await sized
      .getByLabel('A RudderStack event')
      .fill(JSON.stringify({ type: 'track', userId: 'u', event: 'Long', properties }));
    await sized.locator('#mapping', { hasText: '"p59"' }).waitFor();
    const measured = await sized.evaluate(`(() => {
      const main = document.querySelector('main').getBoundingClientRect();
      const rights = new Map();
      for (const part of document.querySelector('main').children) {
        const { top, right } = part.getBoundingClientRect();
        rights.set(Math.round(top), Math.max(rights.get(Math.round(top)) ?? 0, right));
      }
      const mapping = document.getElementById('mapping');
      return {
        isFilled: [...rights.values()].every((right) => main.right - right < 20),
        isFitting: document.documentElement.scrollWidth <= innerWidth,
        isWhole: mapping.scrollHeight <= mapping.clientHeight && mapping.scrollWidth <= mapping.clientWidth,
      };
    })()`);
    expect(measured).toEqual({ isFilled: true, isFitting: true, isWhole: true });
  });

  test('it fits a phone, has a dark mode, and every control can be reached by keyboard', async () => {
    const phone = await openSecond(360, 740, 'dark');
    await phone.locator('#redrive:enabled').waitFor();
    expect(await phone.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(360);
    const ground = (one: Page): Promise<unknown> => one.evaluate('getComputedStyle(document.body).backgroundColor');
    expect(await ground(phone)).not.toBe(await ground(page));
    const reached = new Set<unknown>();
    for (let presses = 0; presses < 12; presses += 1) {
      await phone.keyboard.press('Tab');
      reached.add(
        await phone.evaluate(
          'document.activeElement.id || document.activeElement.name || document.activeElement.tagName',
        ),
      );
    }
    expect([...reached]).toEqual(expect.arrayContaining(['event', 'send', 'mapping', 'fault', 'refused', 'redrive']));
  });

  test('the page reports no errors', () => {
    expect(problems).toEqual([]);
  });
});

describe('npm run dev can be called from this machine only', () => {
  /** The addresses of this machine but 127.0.0.1. Linux answers at 127.0.0.2 what listens on every interface. */
  const others = [
    ...(process.platform === 'linux' ? ['127.0.0.2'] : []),
    ...Object.values(networkInterfaces()).flatMap((addresses = []) =>
      addresses.filter(({ internal, family }) => !internal && family === 'IPv4').map((one) => one.address),
    ),
  ];

  test.each(['sqsEndpoint', 'heapUrl', 'httpEndpointUrl', 'lambdaUrl', 'viewUrl'])(
    'the server at %s listens on loopback alone',
    async (name) => {
      const port = Number(new URL(address(name)).port);
      const reached = async (host: string): Promise<boolean> => {
        const socket = connect({ host, port });
        const isReached = await once(socket, 'connect').then(
          () => true,
          () => false,
        );
        socket.destroy();
        return isReached;
      };
      expect(await reached('127.0.0.1')).toBe(true);
      expect(await Promise.all(others.map(reached))).toEqual(others.map(() => false));
    },
  );

  test.each([
    ['another host', { host: 'evil.example' }],
    ['another origin', { origin: 'https://evil.example' }],
  ])('%s is refused', async (_, headers) => {
    const status = await new Promise((resolve) => {
      // fetch does not allow to set the Host header.
      const url = new URL('/api/redrive', address('viewUrl'));
      const request = process.getBuiltinModule('node:http').request(url, { method: 'POST', headers }, (response) => {
        response.resume();
        resolve(response.statusCode);
      });
      request.end('{}');
    });
    expect(status).toBe(403);
  });

  test('invalid calls are refused', async () => {
    const post = (path: string, body: string) => fetch(`${address('viewUrl')}${path}`, { method: 'POST', body });
    expect((await post('/api/preview', 'not JSON')).status).toBe(400);
    expect((await post('/api/burn', '{}')).status).toBe(404);
  });
});

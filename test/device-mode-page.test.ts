import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { describeWithChromium, launchChromium } from './support/chromium.ts';
import { startDev, type DevProcess } from './support/dev-process.ts';
import { untilKeysAreRead } from './support/http-endpoint-harness.ts';

const SETTINGS = join(__dirname, '..', 'local', 'device-mode', 'settings.json');

describeWithChromium('the page about device mode of npm run dev, in Chromium', () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await launchChromium();
  });
  afterAll(() => browser.close());

  /** Opens the page by the link on the live view. */
  async function openPage(dev: DevProcess): Promise<{ readonly page: Page; readonly problems: readonly string[] }> {
    await untilKeysAreRead(dev.address('httpEndpointUrl'), 'local-write-key');
    const page = await browser.newPage();
    page.setDefaultTimeout(0);
    const problems: string[] = [];
    page.on('pageerror', (error) => problems.push(error.message));
    page.on('console', (message) => {
      if (message.type() === 'error') problems.push(message.text());
    });
    await page.goto(dev.address('viewUrl'));
    await page.getByRole('link', { name: 'Web device mode' }).click();
    await page.locator('#mode', { hasText: 'Device mode is' }).waitFor();
    return { page, problems };
  }
  const press = (page: Page, name: string) => page.getByRole('button', { name, exact: true }).click();
  const rows = (page: Page, list: string) => page.locator(`#${list} li`).allTextContents();

  test('in device mode it shows what reaches Heap in the browser, and the copies that are filtered', async () => {
    const dev = await startDev('--config', SETTINGS);
    const { page, problems } = await openPage(dev);
    await page.getByText('Device mode is on').waitFor();
    await page.getByText('Heap’s own script are stubs').waitFor();
    await press(page, 'identify');
    await press(page, 'track, but not to Heap');
    await press(page, 'track');
    await page.locator('#calls li', { hasText: 'heap.track("Clicked"' }).waitFor();
    for (const copy of ['filtered identify: device_mode', 'filtered Clicked: device_mode']) {
      await page.locator('#copies li', { hasText: copy }).waitFor();
    }
    await page.locator('#copies li', { hasText: 'filtered Clicked, not for Heap: integrations' }).waitFor();
    expect((await rows(page, 'calls')).map((call) => call.replace(/\(.*/, ''))).toEqual([
      'heap.identify',
      'heap.addUserProperties',
      'heap.track',
    ]);
    expect(problems).toEqual([]);
    await dev.stop();
  });

  test('in cloud mode it shows that the forwarder delivers, and how to turn device mode on', async () => {
    const dev = await startDev();
    const { page, problems } = await openPage(dev);
    await page.getByText('npm run dev -- --config local/device-mode/settings.json').waitFor();
    await press(page, 'track');
    await page.locator('#copies li', { hasText: 'delivered Clicked' }).waitFor();
    expect([await rows(page, 'calls'), problems]).toEqual([[], []]);
    await dev.stop();
  });
});

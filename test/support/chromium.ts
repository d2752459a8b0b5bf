import { existsSync } from 'node:fs';
import { chromium, type Browser } from 'playwright-core';

/** Where Debian, Ubuntu's runners and macOS have it. */
const PLACES = [
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
];

/** A Chromium on this machine; `CHROMIUM` names another place. */
const executablePath = [process.env['CHROMIUM'] ?? '', ...PLACES].find((place) => place !== '' && existsSync(place));

/** Tests that need a browser: skipped, and said so, where there is none. */
export function describeWithChromium(title: string, tests: () => void): void {
  if (executablePath !== undefined) {
    describe(title, tests);
    return;
  }
  process.stderr.write(`No Chromium is installed, not tested: ${title}. Install one, or name it in CHROMIUM.\n`);
  describe.skip(title, tests);
}

/** Headless, in whatever sandbox the tests run, and without calls of its own into the network. */
const ARGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

export async function launchChromium(): Promise<Browser> {
  return await chromium.launch({ executablePath: executablePath ?? '', args: ARGS, timeout: 0 });
}

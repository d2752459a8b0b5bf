import { existsSync } from 'node:fs';
import { chromium, type Browser } from 'playwright-core';

/** Usual paths on Debian, GitHub's Ubuntu runners and macOS. */
const PLACES = [
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
];

/** The path of a Chromium on this machine. The variable CHROMIUM overrides it. */
const executablePath = [process.env['CHROMIUM'] ?? '', ...PLACES].find((place) => place !== '' && existsSync(place));

/** Tests that need a browser. Without one they are skipped, and a message says so. */
export function describeWithChromium(title: string, tests: () => void): void {
  if (executablePath !== undefined) {
    describe(title, tests);
    return;
  }
  process.stderr.write(`Skipped because Chromium was not found: ${title}. Install it, or set CHROMIUM to its path.\n`);
  describe.skip(title, tests);
}

/** Makes it run in any sandbox, and without network requests of its own. */
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

import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const ROOT = join(import.meta.dirname, '..', '..');
const SDK = join(
  ROOT,
  'node_modules',
  '@rudderstack',
  'analytics-js',
  'dist',
  'npm',
  'modern',
  'bundled',
  'umd',
  'index.js',
);

/** A file of the device mode page, with its content type. */
export interface PageFile {
  readonly type: string;
  readonly body: string | Buffer;
}

/** What the device mode page needs to know. */
export interface DeviceModeSettings {
  readonly isDeviceMode: boolean;
  /** The data plane URL. */
  readonly endpoint: string;
  readonly writeKey: string;
}

/**
 * Returns a file of the page at /device-mode, which loads RudderStack's real Web SDK with the local HTTP endpoint, and stubs
 * of RudderStack's integration and of Heap's script.
 *
 * @returns undefined if there is no such file
 */
export function deviceModeFile(path: string, settings: DeviceModeSettings): PageFile | undefined {
  const script = 'text/javascript; charset=utf-8';
  switch (path) {
    case '/device-mode':
      return { type: 'text/html; charset=utf-8', body: file('page.html') };
    case '/device-mode/page.js':
      return { type: script, body: file('page.js') };
    case '/device-mode/sdk.js':
      return { type: script, body: readFileSync(SDK) };
    case '/device-mode/Heap.min.js':
      return { type: script, body: file('heap-integration.js') };
    case '/device-mode/settings.json':
      return { type: 'application/json', body: JSON.stringify(settings) };
    default:
      return /^\/device-mode\/heap-[^/]+\.js$/.test(path) ? { type: script, body: file('heap.js') } : undefined;
  }
}

function file(name: string): Buffer {
  return readFileSync(join(import.meta.dirname, name));
}

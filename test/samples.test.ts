import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { previewBody } from '../lib/mapping/preview.ts';
import { isObject, valueAt } from '../lib/json.ts';

const EVENTS = join(__dirname, '..', 'events');
const SOURCES = readdirSync(EVENTS).filter((file) => file.endsWith('.json'));

function readEvents(file: string): readonly unknown[] {
  const list: unknown = JSON.parse(readFileSync(join(EVENTS, file), 'utf8'));
  return Array.isArray(list) ? list : [];
}

test('there is a file for every source, with its calls', () => {
  expect(SOURCES.map((file) => file.replace('.json', ''))).toEqual([
    'amp',
    'android-java',
    'android-kotlin',
    'cloud-go',
    'cloud-node',
    'cloud-python',
    'cordova',
    'flutter',
    'ios-objc',
    'ios-swift',
    'react-native',
    'shopify',
    'unity',
    'warehouse',
    'web',
  ]);
  for (const file of SOURCES) {
    const types = readEvents(file).map((event) => valueAt(event, ['type']));
    // An AMP page has no way to send an identify.
    const calls = file === 'amp.json' ? ['page', 'track'] : ['identify', 'track'];
    expect([file, types]).toEqual([file, expect.arrayContaining(calls)]);
  }
});

test.each(SOURCES)('events/README.md names the source of %s, and its version', (file) => {
  const readme = readFileSync(join(EVENTS, 'README.md'), 'utf8');
  const row = readme.split('\n').find((line) => line.startsWith(`| [${file}](${file})`)) ?? '';
  const versions = readEvents(file).map((event) => valueAt(event, ['context', 'library', 'version']));
  expect(row).not.toBe('');
  for (const version of new Set(versions.filter((found) => typeof found === 'string'))) expect(row).toContain(version);
});

test('what Heap gets with rules of your own', () => {
  const config: unknown = JSON.parse(readFileSync(join(EVENTS, 'own-rules', 'settings.json'), 'utf8'));
  if (!isObject(config)) throw new Error('the settings are not an object');
  const previews = readEvents(join('own-rules', 'events.json')).map((event) =>
    previewBody(JSON.stringify(event), config),
  );
  expect(previews).toMatchSnapshot();
});

/** The snapshot was reviewed by hand once; see __snapshots__. */
test.each(SOURCES)('what Heap gets for %s', (file) => {
  const previews = readEvents(file).map((event) => previewBody(JSON.stringify(event), { appId: '11' }));
  expect(previews).toMatchSnapshot();
});

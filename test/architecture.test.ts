import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';

const LIB = join(__dirname, '..', 'lib');

/**
 * Which folders of lib/ a folder may import from. Data flows from what comes in (rudderstack) over the mapping into what
 * goes out (heap); only forwarding knows them all. The front door (ingest) stands before the queue.
 */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  rudderstack: [],
  heap: [],
  mapping: ['rudderstack', 'heap'],
  forwarding: ['rudderstack', 'mapping', 'heap', 'telemetry'],
  ingest: ['rudderstack', 'telemetry'],
  telemetry: [],
};

test.each(Object.entries(MAY_IMPORT))('lib/%s imports from %j and itself alone', (folder, allowed) => {
  const imported = new Set<string>();
  for (const file of readdirSync(join(LIB, folder))) {
    const source = readFileSync(join(LIB, folder, file), 'utf8');
    for (const [, path = ''] of source.matchAll(/from '(\.[^']+)'/g)) {
      const [top = '', ...below] = normalize(join(folder, path)).split('/');
      if (below.length > 0 && top !== folder) imported.add(top);
    }
  }
  expect([...imported].filter((other) => !allowed.includes(other))).toEqual([]);
});

test('every folder of lib/ has its place', () => {
  const folders = readdirSync(LIB, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  expect(folders.map(({ name }) => name).toSorted()).toEqual(Object.keys(MAY_IMPORT).toSorted());
});

/** What lies to the left knows nothing of what lies to the right of it. */
const MAY_USE: Readonly<Record<string, readonly string[]>> = {
  lib: ['lib'],
  handlers: ['handlers', 'lib'],
  infra: ['infra', 'lib'],
  cli: ['cli', 'lib'],
  local: ['local', 'cli', 'infra', 'lib'],
};

test.each(Object.entries(MAY_USE))('%s/ imports from %j alone', (folder, allowed) => {
  const files = readdirSync(join(LIB, '..', folder), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts'))
    .map((file) => join(folder, file));
  expect(files.length).toBeGreaterThan(0);
  for (const file of files) {
    const source = readFileSync(join(LIB, '..', file), 'utf8');
    const paths = [...source.matchAll(/(?:from |import\()'(\.[^']+)'/g)].map(([, path = '']) =>
      normalize(join(dirname(file), path)),
    );
    expect([file, paths.filter((path) => !allowed.includes(path.split('/')[0] ?? ''))]).toEqual([file, []]);
  }
});

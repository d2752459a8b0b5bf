import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';

const ROOT = join(__dirname, '..');

/** Which other top folders each top folder may import from: docs/architecture.md, "Imports go one way". */
const TOP_FOLDERS: Readonly<Record<string, readonly string[]>> = {
  lib: [],
  transformation: [],
  handlers: ['lib', 'transformation'],
  infra: ['lib'],
  cli: ['handlers', 'infra', 'lib'],
  local: ['cli', 'handlers', 'infra', 'lib'],
  bench: ['local', 'cli', 'handlers', 'infra', 'lib'],
  simulation: ['local', 'cli', 'handlers', 'infra', 'lib'],
};

/** The same within lib/. `.` stands for the files directly in lib/, which every folder may import. */
const LIB_FOLDERS: Readonly<Record<string, readonly string[]>> = {
  '.': [],
  rudderstack: ['.'],
  heap: ['.'],
  sqs: ['.'],
  telemetry: ['.'],
  transformation: ['.', 'rudderstack'],
  mapping: ['.', 'rudderstack', 'heap', 'transformation'],
  forwarding: ['.', 'rudderstack', 'transformation', 'mapping', 'heap', 'sqs', 'telemetry'],
  ingest: ['.', 'rudderstack', 'sqs', 'telemetry'],
};

interface Import {
  readonly from: string;
  readonly to: string;
}

/** Every import between source files, type imports included, as paths relative to the root. */
function importsIn(folder: string): readonly Import[] {
  const files = readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' });
  return files
    .filter((file) => /\.m?[tj]s$/.test(file))
    .map((file) => join(folder, file))
    .flatMap((from) => {
      const source = readFileSync(join(ROOT, from), 'utf8');
      const specifiers = source.matchAll(/\b(?:from|import)\s*\(?\s*'(?<path>\.[^']+)'/g);
      return Array.from(specifiers, ({ groups }) => ({
        from,
        to: normalize(join(dirname(from), groups?.['path'] ?? '')),
      }));
    });
}

const topFolderOf = (path: string): string => path.split('/')[0] ?? '';
const libFolderOf = (path: string): string => {
  const [, folder = '', ...below] = path.split('/');
  return below.length === 0 ? '.' : folder;
};

const describeImport = ({ from, to }: Import): string => `${from} imports ${to}`;

test.each(Object.entries(TOP_FOLDERS))('%s/ imports only from itself and %j', (folder, allowed) => {
  const imports = importsIn(folder);
  expect(imports.length).toBeGreaterThan(0);
  const wrong = imports.filter(({ to }) => topFolderOf(to) !== folder && !allowed.includes(topFolderOf(to)));
  expect(wrong.map(describeImport)).toEqual([]);
});

test.each(Object.entries(LIB_FOLDERS))('lib/%s imports only from itself and %j', (folder, allowed) => {
  const imports = importsIn('lib').filter(({ from }) => libFolderOf(from) === folder);
  const wrong = imports.filter(({ to }) => libFolderOf(to) !== folder && !allowed.includes(libFolderOf(to)));
  expect(wrong.map(describeImport)).toEqual([]);
});

test('every folder is in these tables', () => {
  const foldersIn = (path: string): string[] =>
    readdirSync(join(ROOT, path), { withFileTypes: true })
      .filter((entry) => entry.isDirectory() && !entry.name.startsWith('.'))
      .map(({ name }) => name);
  const withSource = foldersIn('.').filter(
    (name) => !['test', 'node_modules', 'dist'].includes(name) && importsIn(name).length > 0,
  );
  expect(withSource.toSorted()).toEqual(Object.keys(TOP_FOLDERS).toSorted());
  expect(['.', ...foldersIn('lib')].toSorted()).toEqual(Object.keys(LIB_FOLDERS).toSorted());
});

test('there are no circular imports', () => {
  const imports = Object.keys(TOP_FOLDERS).flatMap(importsIn);
  const next = Map.groupBy(imports, ({ from }) => from);
  const done = new Set<string>();
  const rings: string[] = [];
  function visit(file: string, path: readonly string[]): void {
    if (path.includes(file)) rings.push([...path.slice(path.indexOf(file)), file].join(' → '));
    if (done.has(file) || path.includes(file)) return;
    for (const { to } of next.get(file) ?? []) visit(to, [...path, file]);
    done.add(file);
  }
  for (const { from } of imports) visit(from, []);
  expect(rings).toEqual([]);
});

test('every imported file exists', () => {
  const imports = Object.keys(TOP_FOLDERS).flatMap(importsIn);
  expect(imports.filter(({ to }) => !existsSync(join(ROOT, to))).map(describeImport)).toEqual([]);
});

describe('the AWS SDK', () => {
  const filesWith = (pattern: RegExp): readonly string[] =>
    readdirSync(join(ROOT, 'lib'), { recursive: true, encoding: 'utf8' })
      .filter((file) => file.endsWith('.ts') && pattern.test(readFileSync(join(ROOT, 'lib', file), 'utf8')))
      .toSorted();

  test('is imported by lib/sqs and the reader of the write keys only', () => {
    const outside = filesWith(/from '@aws-sdk\//).filter((file) => !file.startsWith('sqs/'));
    expect(outside).toEqual(['ingest/keys/parameter-store.ts']);
  });

  test('is not reached by the forwarder’s static imports', () => {
    const next = Map.groupBy([...importsIn('lib'), ...importsIn('handlers')], ({ from }) => from);
    const isLazy = ({ from, to }: Import): boolean =>
      from === 'handlers/forward.ts' && to === 'lib/forwarding/queues.ts';
    const isTypeOnly = ({ from, to }: Import): boolean =>
      new RegExp(`import type [^;]*/${to.split('/').at(-1)}'`).test(readFileSync(join(ROOT, from), 'utf8'));
    const reached = new Set<string>();
    const visit = (file: string): void => {
      if (reached.has(file)) return;
      reached.add(file);
      for (const one of next.get(file) ?? []) if (!isLazy(one) && !isTypeOnly(one)) visit(one.to);
    };
    visit('handlers/forward.ts');
    const withSdk = filesWith(/import \{[^}]*\} from '@aws-sdk\//).map((file) => `lib/${file}`);
    expect(reached.size).toBeGreaterThan(20);
    expect(withSdk.filter((file) => reached.has(file))).toEqual([]);
  });
});

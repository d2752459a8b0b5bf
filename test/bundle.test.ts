import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { filesLoadedWith } from '../bench/loaded-files.ts';
import { NO_TRANSFORMATION } from '../infra/bundle.ts';
import { builtFunctions, readTemplate } from '../infra/template.ts';

const ROOT = join(__dirname, '..');
const ENTRY = join(ROOT, 'dist', 'forward', 'forward.mjs');

const loaded = [...filesLoadedWith(ENTRY)].map((file) => readFileSync(file, 'utf8'));

test('a cold start loads no more than 80 KB', () => {
  expect(loaded.reduce((sum, source) => sum + Buffer.byteLength(source), 0)).toBeLessThanOrEqual(80 * 1000);
});

test('a cold start does not load the AWS SDK, which can still be loaded after a failure', () => {
  for (const source of loaded) expect(source).not.toMatch(/SendMessageBatch|SQSClient/);
  const onDemand = [...readFileSync(ENTRY, 'utf8').matchAll(/import\("(\.[^"]+)"\)/g)].map(([, path = '']) => path);
  const chunks = onDemand.map((path) => filesLoadedWith(join(dirname(ENTRY), path)));
  const sources = chunks.map((files) => [...files].map((file) => readFileSync(file, 'utf8')).join('\n'));
  expect(sources.filter((source) => /SendMessageBatch/.test(source))).toHaveLength(1);
});

test('a cold start does not load the slow built-in modules of Node.js', () => {
  for (const source of loaded)
    expect(source).not.toMatch(/(?:from|import)\s*"node:(?:crypto|zlib|http|https|stream|fs)"/);
});

test('no file needs require, which an ES module does not have', () => {
  const files = readdirSync(dirname(ENTRY), { recursive: true, withFileTypes: true }).filter((file) => file.isFile());
  expect(files.length).toBeGreaterThan(5);
  for (const { parentPath, name } of files)
    expect(readFileSync(join(parentPath, name), 'utf8')).not.toMatch(/Dynamic require of|createRequire/);
});

test('without a transformation, a cold start has nothing to run one with', () => {
  const only = loaded.join('\n');
  expect(only).not.toMatch(/transforming-|transformation_failed|dropped_by_transformation|transformEvent/);
  // It has another chunk that is loaded on demand, so the one for a transformation would be found.
  expect(only).toMatch(/import\("\.\/chunks\/optional-/);
});

describe('with a transformation', () => {
  const [built] = builtFunctions(readTemplate(join(ROOT, 'template.yaml')));
  const folder = mkdtempSync(join(tmpdir(), 'bundle-with-'));
  afterAll(() => rmSync(folder, { recursive: true }));

  /** What esbuild prints of a source that cannot be built, or what a cold start loads. */
  function build(source: string): string {
    const file = join(folder, 'source.js');
    writeFileSync(file, source);
    const script = `
      import { bundleWith } from './infra/bundle.ts';
      import { builtFunctions, readTemplate } from './infra/template.ts';
      const [built] = builtFunctions(readTemplate('template.yaml'));
      bundleWith(process.cwd(), built, ${JSON.stringify(join(folder, 'out'))}, ${JSON.stringify(file)});`;
    const { status, stderr } = spawnSync(process.execPath, ['--input-type=module', '--eval', script], {
      cwd: ROOT,
      encoding: 'utf8',
    });
    if (status !== 0) return stderr;
    const files = [...filesLoadedWith(join(folder, 'out', `${String(built?.name)}.mjs`))];
    return files.map((one) => readFileSync(one, 'utf8')).join('\n');
  }

  test('a cold start loads none of its code: that is a chunk of its own, with the lines of the file', () => {
    const source = `// A comment\nconst NAMES = new Map([['a', 'b']]);\nlog('loaded');\n\nexport function transformEvent(event) {\n  return NAMES.get(event.event) ? event : null;\n}\n`;
    const only = build(source);
    expect(only).toMatch(/import\("\.\/chunks\/transforming-/);
    expect(only).not.toMatch(/NAMES|loaded'/);
    const chunk = readdirSync(join(folder, 'out', 'chunks')).find((name) => name.startsWith('transforming-')) ?? '';
    expect(readFileSync(join(folder, 'out', 'chunks', chunk), 'utf8')).toContain(source);
  });

  test('a function that is pasted below the first content, instead of over it, stops the build: it would not be run', () => {
    expect(build(`${NO_TRANSFORMATION}\nexport function transformEvent(event) {\n  return event;\n}\n`)).toMatch(
      /"transformEvent" has already been declared[^]+transformation\/transformation\.js:4:16/,
    );
  });

  test('a syntax error and an import that is not there stop the build, and are named with their line', () => {
    expect(build('export function transformEvent(event) {\n  return event;\n}}\n')).toMatch(
      /Unexpected "}"[^]+transformation\/transformation\.js:3:1/,
    );
    expect(build('\nimport { cyrb53 } from "hash";\nexport const transformEvent = cyrb53;\n')).toMatch(
      /Could not resolve "hash"[^]+transformation\/transformation\.js:2:23/,
    );
  });
});

test('requests to Heap do not use fetch, whose client is loaded at the first request', () => {
  for (const source of loaded) expect(source).not.toMatch(/\bfetch\(/);
});

test('the HTTP endpoint does not load what it never uses: another HTTP client, HTTP/2 and workers', () => {
  const bundle = join(__dirname, '..', 'dist', 'ingest', 'ingest.cjs');
  const script = `require(${JSON.stringify(bundle)}); console.log(process.moduleLoadList.join('\\n')); process.exit(0)`;
  const environment = {
    AWS_REGION: 'us-east-1',
    DESTINATION_CONFIG: '{"appId":"1"}',
    QUEUE_URL: 'https://sqs.us-east-1.amazonaws.com/1/queue',
    DEAD_LETTER_QUEUE_URL: 'https://sqs.us-east-1.amazonaws.com/1/dead-letters',
    INGEST_KEYS_PARAMETER: '/keys',
  };
  const modules = execFileSync(process.execPath, ['--eval', script], { env: environment }).toString().split('\n');
  expect(modules).toContain('NativeModule https');
  for (const unused of ['internal/deps/undici/undici', 'http2', 'worker_threads', 'child_process']) {
    expect(modules).not.toContain(`NativeModule ${unused}`);
  }
});

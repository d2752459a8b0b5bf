import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { filesLoadedWith } from '../bench/loaded-files.ts';

const ENTRY = join(__dirname, '..', 'dist', 'forward', 'forward.mjs');

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

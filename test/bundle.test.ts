import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

const ENTRY = join(__dirname, '..', 'dist', 'forward', 'forward.mjs');

/** The files that are loaded with `file`, without what it imports on demand. */
function loadedWith(file: string, seen = new Set<string>()): ReadonlySet<string> {
  if (seen.has(file)) return seen;
  seen.add(file);
  const source = readFileSync(file, 'utf8');
  for (const [, path = ''] of source.matchAll(/(?:^|[;}\n])\s*import\s*(?:[^"'()]*?from\s*)?["'](\.[^"']+)["']/g)) {
    loadedWith(join(dirname(file), path), seen);
  }
  return seen;
}

const loaded = [...loadedWith(ENTRY)].map((file) => readFileSync(file, 'utf8'));

test('a cold start loads no more than 80 KB', () => {
  expect(loaded.reduce((sum, source) => sum + Buffer.byteLength(source), 0)).toBeLessThanOrEqual(80 * 1000);
});

test('a cold start loads nothing of the AWS SDK, which a failure can still load', () => {
  for (const source of loaded) expect(source).not.toMatch(/SendMessageBatch|SQSClient/);
  const onDemand = [...readFileSync(ENTRY, 'utf8').matchAll(/import\("(\.[^"]+)"\)/g)].map(([, path = '']) => path);
  expect(onDemand).toHaveLength(1);
  const chunk = join(dirname(ENTRY), onDemand[0] ?? '');
  expect([...loadedWith(chunk)].map((file) => readFileSync(file, 'utf8')).join('\n')).toMatch(/SendMessageBatch/);
});

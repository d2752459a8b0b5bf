import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { filesLoadedWith } from '../loaded-files.ts';
import type { Row } from '../row.ts';

const DIST = join(import.meta.dirname, '..', '..', 'dist', 'forward');

export function measure(): Promise<Row> {
  const loaded = [...filesLoadedWith(join(DIST, 'forward.mjs'))].map((file) => statSync(file).size);
  const all = readdirSync(DIST, { recursive: true, encoding: 'utf8', withFileTypes: true })
    .filter((file) => file.isFile())
    .map((file) => statSync(join(file.parentPath, file.name)).size);
  return Promise.resolve({
    what: 'Bytes that a cold start loads when nothing fails',
    measured: { what: `${loaded.length} files`, unit: 'KB', value: sum(loaded) / 1000 },
    baseline: { what: 'all that is deployed', unit: 'KB', value: sum(all) / 1000 },
    goal: { of: 'measured', atMost: 80 },
  });
}

function sum(sizes: readonly number[]): number {
  return sizes.reduce((total, size) => total + size, 0);
}

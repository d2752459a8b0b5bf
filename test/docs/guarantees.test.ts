import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { readPage, ROOT } from './pages.ts';

/** docs/guarantees.md names a proof for each promise. These files and tests have to exist. */
const page = readPage('docs/guarantees.md');
const promises = [...page.text.matchAll(/^(\d+)\. \*\*/gm)].map(([, number = '']) => number);
const proofs = [...page.text.matchAll(/^\| (\d+) +\| (.+) \|$/gm)].map(([, number = '', proof = '']) => ({
  number,
  proof,
}));

const sources = new Map(
  readdirSync(join(ROOT, 'test'), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.test.ts'))
    .map((file) => [file.replace(/\.test\.ts$/, ''), readFileSync(join(ROOT, 'test', file), 'utf8')]),
);

test('every promise has a proof, in the same order', () => {
  expect(promises.length).toBeGreaterThan(20);
  expect(promises).toEqual(promises.map((_, index) => String(index + 1)));
  expect(proofs.map(({ number }) => number)).toEqual(promises);
});

test.each(proofs)('the proof of promise $number exists', ({ proof }) => {
  for (const part of proof.split(';')) {
    const files = [...part.matchAll(/`([\w/-]+)`/g)].map(([, file = '']) => file);
    const titles = [...part.matchAll(/"([^"]+)"/g)].map(([, title = '']) => title);
    expect(files.length).toBeGreaterThan(0);
    for (const file of files) expect([file, sources.has(file)]).toEqual([file, true]);
    const [file = ''] = files;
    for (const title of titles) expect([file, sources.get(file)]).toEqual([file, expect.stringContaining(title)]);
  }
});

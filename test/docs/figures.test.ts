import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { PRICES_READ } from '../../local/cost/prices.ts';
import { COMPILE_CACHE } from '../support/lambda-harness.ts';
import { sentence, withSentence } from './figures/sentence.ts';
import { SOURCES } from './figures/sources.ts';
import { markedBlocks, withBlocks } from './figures/tables-in-page.ts';
import { writeFigures } from './figures/write-figures.ts';
import { readPage, readPages, ROOT } from './pages.ts';

/** `npm run docs:figures -- --pages` writes what has changed. */
test('the pages have the figures that the commands have kept', () => {
  const differing = writeFigures().filter(({ before, after }) => before !== after);
  expect(differing.map(({ path, after }) => `${path}:\n${after}`)).toEqual([]);
});

test('docs/comparison.md and its charts are what the kept results make, byte for byte', async () => {
  const args = [join(ROOT, 'simulation', 'main.ts'), '--page', '--check'];
  const { stdout } = await promisify(execFile)(process.execPath, args, { env: { ...process.env, ...COMPILE_CACHE } });
  expect(stdout).toBe('');
});

test('each block of figures stands in one page, beside a command that measures it', () => {
  const standing = readPages().flatMap(({ text }) => markedBlocks(text));
  const known = SOURCES.flatMap(({ figures, commands }) =>
    Object.keys(figures?.().blocks ?? {}).map(
      (name) => [name, commands.map((words) => `npm ${words.join(' ')}`)] as const,
    ),
  );
  expect(standing.map(({ name }) => name).toSorted()).toEqual(known.map(([name]) => name).toSorted());
  const commands = new Map(known);
  const withoutCommand = standing.filter(
    ({ name, command }) => commands.get(name)?.some((one) => one.replace(' -s ', ' ') === command) !== true,
  );
  expect(withoutCommand).toEqual([]);
});

test('each command that measures figures is a script', () => {
  const { scripts }: { readonly scripts: Readonly<Record<string, string>> } = JSON.parse(
    readFileSync(join(ROOT, 'package.json'), 'utf8'),
  );
  const named = SOURCES.flatMap(({ commands, pages = [] }) =>
    [...commands, pages].flatMap(([, , script]) => script ?? []),
  );
  expect(named.filter((script) => !Object.hasOwn(scripts, script))).toEqual([]);
});

test('docs/operations.md says when the prices were read', () => {
  expect(readPage('docs/operations.md').text).toContain(`read on ${PRICES_READ}`);
});

describe('a figure in a sentence', () => {
  const page = 'It takes 1.5 ms,\n  or 2,000 times as long. It takes long.';

  test('is written, and the words and the layout stay', () => {
    const written = withSentence(page, sentence('a.md')`It takes ${'12'} ms, or ${'30'} times as long.`);
    expect(written).toBe('It takes 12 ms,\n  or 30 times as long. It takes long.');
  });

  test.each([
    ['is not there', sentence('a.md')`It takes ${'1'} hours`],
    ['is there twice', sentence('a.md')`It takes`],
  ])('is refused if its sentence %s', (_, wrong) => {
    expect(() => withSentence(page, wrong)).toThrow(/a\.md has \d times the sentence: It takes/);
  });
});

test('a block of figures is written up to the next empty line; one that no source has is refused', () => {
  const page = 'A\n\n<!-- figures x: npm run x -->\n\n| old |\n| old |\n\nB\n';
  expect(withBlocks(page, new Map([['x', '| new |']]))).toBe('A\n\n<!-- figures x: npm run x -->\n\n| new |\n\nB\n');
  expect(() => withBlocks(page, new Map())).toThrow('there are no figures x');
});

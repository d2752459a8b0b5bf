import { existsSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { headingsOf, readPage, readPages, ROOT, withoutBlocks, type Page } from './pages.ts';

/** Every link in the documentation leads to an existing file and heading. */
const LINK = /\]\((?<target>[^()\s]+(?:\([^()\s]*\))?)\)|<(?:a|img)[^>]* (?:href|src)="(?<attribute>[^"]+)"/g;
/** Pages of GitHub, which are not files of the repository. */
const BESIDE_THE_FILES = /^\.\.\/\.\.\/actions\//;

/** The anchors that GitHub gives the headings of a page; a second one of the same name gets a number. */
function anchorsOf(page: Page): ReadonlySet<string> {
  const anchors = new Set<string>();
  for (const heading of headingsOf(page)) {
    const slug = heading
      .replaceAll(/\[([^\]]*)\]\([^)]*\)/g, '$1')
      .toLowerCase()
      .replaceAll(/[^\p{Letter}\p{Mark}\p{Number}\p{Connector_Punctuation} -]/gu, '')
      .replaceAll(' ', '-');
    let anchor = slug;
    for (let copy = 1; anchors.has(anchor); copy += 1) anchor = `${slug}-${copy}`;
    anchors.add(anchor);
  }
  return anchors;
}

function linksOf({ text }: Page): readonly string[] {
  const prose = withoutBlocks(text)
    .join('\n')
    .replaceAll(/`[^`\n]*`/g, '``');
  return [...prose.matchAll(LINK)].map(({ groups = {} }) => groups['target'] ?? groups['attribute'] ?? '');
}

function problemOf(page: Page, link: string): string | undefined {
  const [path = '', anchor] = link.split('#');
  if (/^[a-z]+:/.test(link) || BESIDE_THE_FILES.test(link)) return undefined;
  const target = path === '' ? page.path : normalize(join(dirname(page.path), path));
  if (!existsSync(join(ROOT, target))) return `${page.path}: there is no file ${target}`;
  if (anchor === undefined) return undefined;
  if (!target.endsWith('.md')) return `${page.path}: ${target} has no headings`;
  return anchorsOf(readPage(target)).has(anchor) ? undefined : `${page.path}: ${target} has no heading #${anchor}`;
}

test.each(readPages().map((page): [string, Page] => [page.path, page]))('the links of %s lead somewhere', (_, page) => {
  expect(linksOf(page).flatMap((link) => problemOf(page, link) ?? [])).toEqual([]);
});

test('links and anchors are found, and a broken one is told', () => {
  const page = {
    path: 'docs/example.md',
    text: '# One `two`\n## Same\n## Same\n[a](../README.md#deploy) `[b](no.md)`',
  };
  expect([...anchorsOf(page)]).toEqual(['one-two', 'same', 'same-1']);
  expect(linksOf(page)).toEqual(['../README.md#deploy']);
  expect(problemOf(page, '../README.md#deploy')).toBeUndefined();
  expect(problemOf(page, 'no-such-page.md')).toMatch(/there is no file docs\/no-such-page.md/);
  expect(problemOf(page, '../README.md#no-such-heading')).toMatch(/README.md has no heading #no-such-heading/);
});

test('every page below docs/ is reached from the README', () => {
  const reached = new Set<string>();
  const queue = ['README.md'];
  for (const path of queue) {
    if (reached.has(path)) continue;
    reached.add(path);
    const targets = linksOf(readPage(path)).map((link) => normalize(join(dirname(path), link.split('#')[0] ?? '')));
    queue.push(...targets.filter((target) => target.endsWith('.md') && existsSync(join(ROOT, target))));
  }
  expect(
    readPages()
      .map(({ path }) => path)
      .filter((path) => !reached.has(path)),
  ).toEqual([]);
});

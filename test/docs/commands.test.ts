import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { valueAt } from '../../lib/json.ts';
import { problemOfNpx, readNpm, SCRIPTS, type ScriptCall } from './commands/npm.ts';
import { problemsOfCalls } from './commands/script-options.ts';
import { readPage, readPages, ROOT, withoutBlocks } from './pages.ts';
import { namesIn, tableUnder } from './tables.ts';

/** The commands in the text of the pages have to exist; fenced-commands.test.ts has those in blocks. */
const spans = readPages()
  // The changelog also names what is gone.
  .filter(({ path }) => path !== 'CHANGELOG.md')
  .flatMap(({ text }) => withoutBlocks(text).flatMap((line) => spansOf(line)));

/** The code in a line, in words. In a table, `-- --option` belongs to the script of the row. */
function spansOf(line: string): readonly (readonly string[])[] {
  const all = [...line.matchAll(/`([^`]+)`/g)].map(([, code = '']) => code.replace(/ …$/, '').split(' '));
  const [script = []] = line.startsWith('| `npm run ') ? all : [];
  return all.map((words) => (words[0] === '--' ? [...script, ...words] : words));
}

test('each npm script and heapq command in the text exists, with its options', async () => {
  const read = spans.flatMap(([tool, ...words]) => {
    if (words.length === 0) return [];
    if (tool === 'npm') return [readNpm(words)];
    return tool === 'heapq' && !words.includes('…') ? [{ script: 'heapq', args: words }] : [];
  });
  expect(read.filter((one) => typeof one === 'string')).toEqual([]);
  const calls = read.filter((one): one is ScriptCall => typeof one === 'object');
  expect(calls.length).toBeGreaterThan(60);
  // A sentence may leave out what a command needs besides.
  expect(
    (await problemsOfCalls(calls)).filter((problem) => !/missing|required option|\(outputHelp\)/.test(problem)),
  ).toEqual([]);
});

test('each test that npx runs exists', () => {
  const named = spans.flatMap(([tool, ...words]) => (tool === 'npx' ? [words] : []));
  expect(named.length).toBeGreaterThan(0);
  expect(named.map(problemOfNpx).filter((problem) => problem !== undefined)).toEqual([]);
});

test('CONTRIBUTING.md has each script of package.json, and no other one', () => {
  const rows = tableUnder(readPage('CONTRIBUTING.md'), 'Run and test').flatMap((cells) =>
    cells.flatMap((cell) => namesIn(cell)),
  );
  const named = rows
    .map((name) => name.split(' '))
    .flatMap(([tool, ...words]) => {
      const call = tool === 'npm' ? readNpm(words) : undefined;
      return typeof call === 'object' ? [call.script] : [];
    });
  expect([...new Set(named)].toSorted()).toEqual(Object.keys(SCRIPTS).toSorted());
});

test('the paragraph above npm ci explains each engine warning of Node.js 20', () => {
  const lock: unknown = JSON.parse(readFileSync(join(ROOT, 'package-lock.json'), 'utf8'));
  const packages = Object.entries(Object(valueAt(lock, ['packages'])));
  const warnings = packages.flatMap(([path, entry]) => {
    const range = valueAt(entry, ['engines', 'node']);
    return path !== '' && typeof range === 'string' && !isForNode20(range)
      ? [path.replace(/^.*node_modules\//, '')]
      : [];
  });
  const [, above = ''] = /^## Try it on your machine$(.*?)^```/ms.exec(readPage('README.md').text) ?? [];
  const { groups = {} } = /`EBADENGINE` warnings for (?<names>[^.]+)\./.exec(above) ?? {};
  const explained = [...(groups['names'] ?? '').matchAll(/`([^`]+)`/g)].map(([, name]) => name);
  expect(explained).toEqual(warnings.toSorted());
});

/** Whether a range of versions has the latest Node.js 20. Knows what stands in the lock file: `^`, `>=`, `||`, `*`. */
function isForNode20(range: string): boolean {
  return range.split('||').some((part) => {
    const [, operator = '', major = ''] = /^\s*(\^|>=?)?\s*v?(\d+|\*)/.exec(part) ?? [];
    return major === '*' || (operator.startsWith('>') ? Number(major) <= 20 : Number(major) === 20);
  });
}

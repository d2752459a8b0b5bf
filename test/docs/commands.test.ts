import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { isObject, valueAt } from '../../lib/json.ts';
import { heapq } from '../support/heapq.ts';
import { blocksOf, blockUnder, readPage, readPages, ROOT } from './pages.ts';

/** The commands in the documentation have to exist. */
const run = promisify(execFile);

test('every npm script that a page names exists', () => {
  const { scripts }: { readonly scripts?: unknown } = Object(
    JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')),
  );
  const known = Object.keys(isObject(scripts) ? scripts : {});
  const named = readPages().flatMap(({ path, text }) =>
    [...text.matchAll(/\bnpm (?:run (?:-s )?)([\w:]+)/g)].map(([, script = '']) => [path, script]),
  );
  expect(named.length).toBeGreaterThan(20);
  expect(named.filter(([, script = '']) => !known.includes(script))).toEqual([]);
});

const commands = readPages().flatMap(({ path, ...page }) =>
  blocksOf({ path, ...page }).flatMap(({ code }) =>
    [...code.matchAll(/^\s*npm run -s heapq -- (?<command>[^#\n]+)/gm)].map(
      ({ groups = {} }) => groups['command'] ?? '',
    ),
  ),
);
const optionsBySubcommand = Map.groupBy(
  commands.filter((command) => !command.startsWith('--help')),
  (command) => /^(?:dead-letters )?\w+/.exec(command)?.[0] ?? '',
);

test.each([...optionsBySubcommand])('heapq %s has every option that a page uses', async (subcommand, uses) => {
  const { code, out } = await heapq([...subcommand.split(' '), '--help'], {});
  expect(code).toBe(0);
  const given = new Set(uses.flatMap((use) => use.match(/--[a-z-]+/g) ?? []));
  expect([...given].filter((option) => !out.includes(`${option} `) && !out.includes(`${option}\n`))).toEqual([]);
});

test('the pages show every heapq command with options', () => {
  expect([...optionsBySubcommand.keys()].toSorted()).toEqual([
    'dead-letters export',
    'dead-letters list',
    'dead-letters redrive',
    'dead-letters show',
    'enqueue',
    'settings',
  ]);
});

test('npm start prints what the README shows', async () => {
  const shown = blockUnder(readPage('README.md'), 'Try it on your machine', 'text');
  const { stdout } = await run(process.execPath, [join(ROOT, 'local', 'start.ts')]);
  // Requests and cold starts differ from run to run, and so do times; events do not.
  const comparable = (line: string): string =>
    (line.includes(' events') ? line : line.replaceAll(/\d+(?:\.\d+)?/g, 'N')).replaceAll(/\s+/g, ' ');
  const printed = new Set(stdout.split('\n').map(comparable));
  expect(
    shown
      .split('\n')
      .map(comparable)
      .filter((line) => !printed.has(line)),
  ).toEqual([]);
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

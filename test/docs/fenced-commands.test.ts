import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { WRITE_KEY } from '../support/http-endpoint-harness.ts';
import { startWholeWay } from '../support/whole-way.ts';
import { describeWithAwsCli, hasClient, problemByCli, problemsOfAws } from './commands/aws.ts';
import { commandBlocks, KINDS, reasonNotToRun } from './commands/blocks.ts';
import { problemOfNpx, readNpm, type ScriptCall } from './commands/npm.ts';
import { runBlock, type Ran } from './commands/run-block.ts';
import { problemsOfSam } from './commands/sam.ts';
import { problemsOfCalls } from './commands/script-options.ts';
import { traceCommands, type Traced } from './commands/trace.ts';
import { blocksOf, readPages, ROOT } from './pages.ts';

/**
 * Every command in a block of its own: each block says what is done with it, all of them are parsed by the tool that they belong to,
 * and those that can be run are run.
 */
const blocks = commandBlocks();
let traced: readonly Traced[];
beforeAll(async () => {
  traced = await traceCommands(blocks.map(({ code }) => code));
});

/** The words after the name of a tool, of every command of it. */
const commandsOf = (tool: string): readonly (readonly string[])[] =>
  traced.flatMap(({ commands }) => commands.flatMap(([first, ...words]) => (first === tool ? [words] : [])));

test('a block of commands says in its fence whether it is run, parsed, or needs an account', () => {
  expect(blocks.length).toBeGreaterThan(40);
  const without = blocks.filter(({ kind }) => !KINDS.some((known) => known === kind));
  expect(without.map(({ place, kind }) => `${place} sh ${kind}`)).toEqual([]);
});

test('no other block holds commands: a language of a shell is written sh, and what a command prints is kept by docs:outputs', () => {
  const others = readPages().flatMap((page) =>
    blocksOf(page)
      .filter(({ language, code }) => {
        const isShell = ['', 'bash', 'shell', 'console', 'zsh', 'shellsession'].includes(language);
        return isShell || (language === 'text' && /^\$ (?!npm run -s heapq -- )/m.test(code));
      })
      .map(({ line }) => `${page.path}:${line}`),
  );
  expect(others).toEqual([]);
});

test('each block is what the shell takes, with tools and variables that are known', () => {
  const problems = traced.flatMap(({ problem }, index) =>
    problem === undefined ? [] : [`${blocks[index]?.place}: ${problem}`],
  );
  expect(problems).toEqual([]);
  expect(traced.filter(({ commands }) => commands.length === 0)).toEqual([]);
});

test('a block that is not run has a command that cannot be, and one that is run has none', () => {
  const kinds = blocks.map(({ place, kind }, index) => {
    const reasons = traced[index]?.commands.map(reasonNotToRun) ?? [];
    const needed = reasons.includes('account') ? 'account' : reasons.includes('parsed') ? 'parsed' : 'run';
    return [place, kind, needed] as const;
  });
  expect(kinds.filter(([, kind, needed]) => kind !== needed)).toEqual([]);
});

test('npm: each script exists and takes its options and values', async () => {
  const read = commandsOf('npm').map(readNpm);
  expect(read.filter((one) => typeof one === 'string')).toEqual([]);
  const calls = read.filter((one): one is ScriptCall => typeof one === 'object');
  expect(calls.length).toBeGreaterThan(40);
  expect(await problemsOfCalls(calls)).toEqual([]);
  const shown = calls
    .filter(({ script }) => script === 'heapq')
    .map(({ args: [first, second] }) => (first === 'dead-letters' ? `${first} ${second}` : first));
  expect([...new Set(shown)].toSorted()).toEqual([
    '--help',
    'dead-letters export',
    'dead-letters list',
    'dead-letters redrive',
    'dead-letters show',
    'enqueue',
    'settings',
  ]);
});

test('sam: each command and option is known, and so are its parameters, files, functions and codes of the log', () => {
  const commands = commandsOf('sam');
  expect(commands.length).toBeGreaterThan(15);
  expect(commands.flatMap(problemsOfSam)).toEqual([]);
});

test('aws: each operation of an installed client has the options, outputs, files and events that are given', () => {
  const commands = commandsOf('aws');
  expect(commands.filter(hasClient).length).toBeGreaterThan(5);
  expect(commands.flatMap(problemsOfAws)).toEqual([]);
});

describeWithAwsCli('aws', () => {
  test('the AWS CLI takes the commands of all services without an installed client', async () => {
    // Signing in needs a browser, and version 1 of the CLI does not have it.
    const others = commandsOf('aws').filter((words) => !hasClient(words) && words[0] !== 'sso');
    const optionsOf = (words: readonly string[]): string =>
      words.filter((word, index) => index < 2 || word.startsWith('-')).join(' ');
    const distinct = [...new Map(others.map((words) => [optionsOf(words), words])).values()];
    expect(distinct.length).toBeGreaterThan(4);
    const problems = await Promise.all(distinct.map(problemByCli));
    expect(problems.filter((problem) => problem !== undefined)).toEqual([]);
  });
});

const CURL: ReadonlySet<string> = new Set(['-H', '-X', '-d', '-u', '--data', '--data-binary']);
const OF_OTHER_TOOLS: readonly (readonly [string, RegExp])[] = [
  ['git', /^(?:clone \S+(?: [\w-]+)?|checkout [0-9a-f]{7,40}|pull)$/],
  ['openssl', /^rand -hex \d+$/],
  ['unzip', /^\S+\.zip -d \S+$/],
  ['cd', /^[\w-]+$/],
  ['cp', /^\S+ \S+\/$/],
  ['mkdir', /^-p \S+$/],
  ['touch', /^\S+$/],
  ['gzip', /^$/],
  ['jq', /^\.[\w.]+$/],
];

test('curl: each option is known, takes a value, and JSON is JSON', () => {
  const problems = commandsOf('curl').flatMap((words) => {
    const options = words.filter((word) => word.startsWith('-') && word !== '@-');
    const bodies = words.filter((_, index) => words[index - 1] === '-d');
    const urls = words.filter((word, index) => !word.startsWith('-') && !CURL.has(words[index - 1] ?? ''));
    return [
      ...options.filter((option) => !CURL.has(option)),
      ...bodies.filter((body) => typeof JSON.parse(body) !== 'object'),
      ...(urls.length === 1 ? [] : [`${urls.length} addresses: ${words.join(' ')}`]),
    ];
  });
  expect(problems).toEqual([]);
});

test.each(OF_OTHER_TOOLS)('%s is used as %s', (tool, pattern) => {
  const commands = commandsOf(tool).map((words) => words.join(' '));
  expect(commands.length).toBeGreaterThan(0);
  expect(commands.filter((words) => !pattern.test(words))).toEqual([]);
});

test('npx: the tool is known', () => {
  const commands = commandsOf('npx');
  expect(commands.length).toBeGreaterThan(0);
  expect(commands.map(problemOfNpx).filter((problem) => problem !== undefined)).toEqual([]);
});

describe('the blocks that are run', () => {
  const folder = mkdtempSync(join(tmpdir(), 'pages-'));
  const SETTINGS = { appId: '1234567890', dataResidency: 'eu' };
  const EVENTS = [
    { type: 'track', event: 'Signed Up', userId: 'u-1', messageId: 'm-1', timestamp: '2026-11-20T10:00:00.000Z' },
    { type: 'page', userId: 'u-1', messageId: 'm-2' },
  ];
  writeFileSync(join(folder, 'settings.json'), JSON.stringify(SETTINGS));
  const RENAMED = { type: 'track', event: 'Signed Up', properties: {} };
  const CASES = [{ input: { type: 'track', event: 'signup' }, output: RENAMED }];
  writeFileSync(join(folder, 'cases.json'), JSON.stringify(CASES));
  writeFileSync(join(folder, 'events.ndjson'), EVENTS.map((event) => JSON.stringify(event)).join('\n'));

  /** Where each is run, by the page, the heading and the first word that tells it from others. */
  const RUN: Readonly<Record<string, (code: string) => Promise<void>>> = {
    'README.md, Try it on your machine': async (code) => {
      const { out, error, code: ended } = await runBlock(code, folder);
      expect([ended, error]).toEqual([0, expect.not.stringContaining('Error')]);
      const summaries = out
        .match(/^enqueued +\d+ +events in \d+ messages$/gm)
        ?.map((line) => line.replaceAll(/ +/g, ' '));
      expect(summaries).toEqual(['enqueued 2 events in 2 messages', expect.stringMatching(/^enqueued 73 events/)]);
      expect(out.match(/^Every event is accounted for\.$/gm)).toHaveLength(2);
      const previews = out
        .split('\n')
        .filter((line) => line.startsWith('{"kind"'))
        .map((line): { kind: string } => JSON.parse(line));
      expect(previews.map(({ kind }) => kind)).toEqual(['deliver', 'filtered', 'deliver']);
    },
    'README.md, Settings': expectWords(" 'Ingest=true'"),
    'docs/deploy.md, Settings': expectWords(" 'AlarmEmail=you@example.com'"),
    'docs/command-line.md, Settings': expectWords('', " 'Ingest=true' 'AlarmEmail=you@example.com'"),
    'docs/command-line.md, The command line': async (code) => {
      const { out, code: ended } = await runBlock(code, folder);
      expect(ended).toBe(0);
      for (const command of ['dead-letters', 'enqueue', 'settings', 'preview'])
        expect(out).toMatch(new RegExp(`^ +${command} `, 'm'));
    },
    'docs/command-line.md, Preview': async (code) => {
      const { out, code: ended } = await runBlock(code, folder);
      const previews = out
        .trim()
        .split('\n')
        .map((line): { kind: string } => JSON.parse(line));
      expect([ended, previews.map(({ kind }) => kind)]).toEqual([0, ['deliver', 'filtered']]);
    },
    'docs/transformation.md, Try it': async (code) => {
      const TRANSFORMATION = join(ROOT, 'transformation', 'examples', 'rename.js');
      const { out, code: ended } = await runBlock(code, folder, { TRANSFORMATION });
      const counts = out.split('\n').filter((line) => line.startsWith(`${TRANSFORMATION}: `));
      expect([ended, counts.map((line) => line.slice(TRANSFORMATION.length + 2))]).toEqual([
        0,
        [
          '73 events, 0 of which the transformation fails with an error.',
          '2 events, 0 of which the transformation fails with an error.',
          '1 events, 0 of which the transformation fails with an error; 1 of 1 are as expected.',
        ],
      ]);
    },
    'docs/ingest.md, Turn it on': async (code) => {
      const way = await startWholeWay();
      const ran = await runBlock(code, folder, { WRITE_KEY, INGEST_URL: way.httpEndpoint.url });
      const { events } = await way.untilDelivered(({ events: all }) => all.length > 0);
      await way.stop();
      expect([ran.code, ran.out]).toEqual([0, 'ok\nok\n']);
      expect(events[0]).toMatchObject({ event: 'Endpoint tried', identity: 'u-1' });
    },
  };
  /** test/docs/first-event.test.ts runs it. */
  const ELSEWHERE = ['README.md, curl'];

  const keyOf = ({ place, heading }: { readonly place: string; readonly heading: string }): string =>
    `${place.replace(/:\d+$/, '')}, ${heading}`;
  const runnable = blocks.filter(({ kind }) => kind === 'run');

  /** What `check:settings` and `heapq settings` print: words for `sam deploy`, and a line for samconfig.toml. */
  function expectWords(...parameters: readonly string[]): (code: string) => Promise<void> {
    return async (code) => {
      const { code: ended, out }: Ran = await runBlock(code, folder);
      expect(ended).toBe(0);
      const words = out.split('\n').filter((line) => line.startsWith('sam deploy --parameter-overrides '));
      const config = String.raw`'DestinationConfig="{\"appId\":\"1234567890\",\"dataResidency\":\"eu\"}"'`;
      expect(words).toEqual(parameters.map((given) => `sam deploy --parameter-overrides ${config}${given}`));
      expect(out.match(/^parameter_overrides = /gm)).toHaveLength(parameters.length);
    };
  }

  test('each of them is run by a test', () => {
    expect(runnable.map(keyOf).toSorted()).toEqual([...Object.keys(RUN), ...ELSEWHERE].toSorted());
  });

  test.each(runnable.map((block) => [keyOf(block), block] as const).filter(([key]) => !ELSEWHERE.includes(key)))(
    '%s',
    async (key, { code }) => {
      await expect(RUN[key]?.(code)).resolves.toBeUndefined();
    },
  );
});

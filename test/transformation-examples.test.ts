import { execFile, execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { COMPILE_CACHE } from './support/lambda-harness.ts';

/** `npm run test:transformation`, and the examples with their cases. */

const ROOT = join(__dirname, '..');
const MAIN = join('local', 'test-transformation', 'main.ts');
const EXAMPLES = join('transformation', 'examples');
const folder = mkdtempSync(join(tmpdir(), 'try-'));
afterAll(() => rmSync(folder, { recursive: true }));

function run(args: readonly string[], environment: NodeJS.ProcessEnv = {}): Promise<{ code: number; out: string }> {
  return new Promise((resolve) => {
    const env = { PATH: process.env['PATH'], ...COMPILE_CACHE, ...environment };
    execFile(process.execPath, [MAIN, ...args], { cwd: ROOT, env }, (failure, stdout, stderr) =>
      resolve({ code: failure === null ? 0 : Number(failure.code), out: stdout + stderr }),
    );
  });
}

function fileWith(name: string, text: string): string {
  const file = join(folder, name);
  writeFileSync(file, text);
  return file;
}

const examples = readdirSync(join(ROOT, EXAMPLES))
  .filter((file) => file.endsWith('.js'))
  .map((file) => file.replace(/\.js$/, ''));

/** All of them in one process: whether each case is as expected, by example. */
const SCRIPT = `
  import { findTransformation } from './cli/transformation.ts';
  import { readSettings } from './lib/rudderstack/settings.ts';
  import { readCases } from './local/test-transformation/read-cases.ts';
  import { tryCase } from './local/test-transformation/try-case.ts';
  const verdicts = {};
  for (const name of ${JSON.stringify(examples)}) {
    const path = './${EXAMPLES}/' + name;
    const { transformEvent } = await findTransformation(path + '.js');
    verdicts[name] = [];
    for await (const one of readCases(path + '.json')) {
      verdicts[name].push(...tryCase(one, readSettings({ appId: '1' }), transformEvent, () => []).map(({ verdict }) => verdict));
    }
  }
  console.log(JSON.stringify(verdicts));`;

test('every example does what its cases say', () => {
  const options = { cwd: ROOT, encoding: 'utf8' } as const;
  const verdicts: Record<string, string[]> = JSON.parse(
    execFileSync(process.execPath, ['--input-type=module', '--eval', SCRIPT], options),
  );
  expect(Object.keys(verdicts).length).toBeGreaterThan(8);
  for (const [name, ofCases] of Object.entries(verdicts)) {
    expect([name, ofCases.length > 1, new Set(ofCases)]).toEqual([name, true, new Set(['as_expected'])]);
  }
});

const transformation = fileWith(
  'mine.js',
  `export function transformEvent(event) {
    log('seen', event.event, { a: [event.userId] });
    if (event.event === 'Bad') throw new Error('no such event');
    return event.event === 'Drop' ? undefined : { ...event, event: event.event + '!' };
  }`,
);
const base = { type: 'track', userId: 'u', messageId: 'm', timestamp: '2026-11-20T09:00:00Z' };
const lineOf = (event: string): string => JSON.stringify({ ...base, event });

test('it prints what went in, what was logged, what came out, and what Heap would get', async () => {
  const events = fileWith('events.ndjson', `${lineOf('A')}\n${lineOf('Drop')}\n`);
  const { code, out } = await run(['--transformation', transformation, events]);
  expect(code).toBe(0);
  expect(out.replaceAll(/m-1?[\w-]{12,}|m-\w{12}/g, 'KEY').split('\n')).toEqual([
    `${events}:1`,
    `  in     ${lineOf('A')}`,
    "  log    seen A { a: [ 'u' ] }",
    `  out    ${lineOf('A!')}`,
    '  Heap   /api/track {"app_id":"1234567890","identity":"u","event":"A!","properties":{},"idempotency_key":"KEY","timestamp":"2026-11-20T09:00:00Z"}',
    `${events}:2`,
    `  in     ${lineOf('Drop')}`,
    "  log    seen Drop { a: [ 'u' ] }",
    '  out    nothing: the event is dropped',
    '',
    `${transformation}: 2 events, 0 of which the transformation fails with an error.`,
    '',
  ]);
});

test('an event with which it fails gives exit code 1', async () => {
  const events = fileWith('bad.ndjson', `${lineOf('A')}\n${lineOf('Bad')}\n`);
  const { code, out } = await run(['--transformation', transformation, '--only-failures', events]);
  expect(code).toBe(1);
  expect(out).toContain('  error  Error: no such event (transformation/mine.js:3:');
  expect(out).not.toContain(lineOf('A'));
  expect(out).toContain('2 events, 1 of which the transformation fails with an error.');
});

test('a case that is not as expected gives exit code 1, and says what was expected', async () => {
  const input = { ...base, event: 'A' };
  const cases = [
    { input, output: { ...input, event: 'A!' } },
    { input, output: null },
  ];
  const file = fileWith('cases.json', JSON.stringify(cases));
  const { code, out } = await run(['--transformation', transformation, '--only-failures', file]);
  expect(code).toBe(1);
  expect(out).toMatch(/^case 2\n/);
  expect(out).toContain('\n  ✘      expected null\n');
  expect(out).toContain('2 events, 0 of which the transformation fails with an error; 1 of 2 are as expected.');
});

test('without a file it takes the sample events of all SDKs, and without a transformation it says so', async () => {
  const { code, out } = await run([], { TRANSFORMATION: join(EXAMPLES, 'drop-personal-data.js') });
  expect(code).toBe(0);
  expect(out).toMatch(/drop-personal-data\.js: 73 events, 0 of which the transformation fails with an error\.\n$/);
  expect(await run([], { TRANSFORMATION: 'none' })).toEqual({
    code: 2,
    out: 'There is no transformation: paste it into transformation/transformation.js\n',
  });
});

test.each<[string, string, string]>([
  ['a syntax error', 'export function transformEvent(event) {\n  return (;\n}', ':2:11: Unexpected ";"\n'],
  ['no function', 'export const a = 1;', 'has to export a function transformEvent(event, metadata)\n'],
])('a file with %s is refused in one line, with its place', async (name, source, words) => {
  const file = fileWith(`${name.replaceAll(' ', '-')}.js`, source);
  const { code, out } = await run(['--transformation', file]);
  expect([code, out.split('\n').length]).toEqual([2, 2]);
  expect(out).toContain(words);
});

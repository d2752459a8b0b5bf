import { randomBytes } from 'node:crypto';
import { execFile } from 'node:child_process';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { startHeapServer } from '../local/heap-simulator/server.ts';
import { blockUnder, readPage } from './docs/pages.ts';
import { COMPILE_CACHE, NO_TRANSFORMATION } from './support/lambda-harness.ts';

function start(args: readonly string[], input?: string): Promise<{ code: number; output: string }> {
  return run('start.ts', args, input);
}

function run(script: string, args: readonly string[], input?: string): Promise<{ code: number; output: string }> {
  return new Promise((resolve) => {
    const child = execFile(
      process.execPath,
      [join(__dirname, '..', 'local', script), '--long-timeout', ...args],
      { env: { PATH: process.env['PATH'], ...COMPILE_CACHE, ...NO_TRANSFORMATION } },
      (failure, stdout, stderr) =>
        resolve({ code: failure === null ? 0 : Number(failure.code), output: stdout + stderr }),
    );
    if (input !== undefined) child.stdin?.end(input);
  });
}

/** The number in a row of the summary. */
function row(output: string, title: string): number {
  return Number(new RegExp(`^\\s*${title}\\s+(\\d+)`, 'm').exec(output)?.[1]);
}

const lines = [
  '{"type":"track","event":"A \u{1F600}","userId":"u","messageId":"m-1"}',
  '',
  '{"type":"page"}',
  'not JSON',
  '{"type":"track","event":"A"}',
  '{"type":"page"}',
  '{"type":"track","event":"A"}',
  '{"type":"foo","userId":"u"}',
  '{"type":"bar","userId":"u"}',
].join('\n');

test('npm start accounts for every sample event, ends by itself, and prints what the README shows', async () => {
  const { code, output } = await start([]);
  expect(output).toContain('Every event is accounted for.');
  expect(code).toBe(0);
  const sum = ['delivered', 'filtered', 'dead-lettered'].reduce((total, title) => total + row(output, title), 0);
  expect(sum).toBe(row(output, 'enqueued'));
  expect(sum).toBeGreaterThan(50);
  const [, next = ''] = output.split('Every event is accounted for.');
  expect(next.trim().split('\n')).toEqual([
    expect.stringMatching(/^npm run dev +\S/),
    expect.stringMatching(/^npm start -- --file events\.ndjson +\S/),
    expect.stringMatching(/^README\.md +the section Deploy /),
  ]);
  const printed = new Set(output.split('\n').map(comparable));
  const shown = blockUnder(readPage('README.md'), 'Try it on your machine', 'text').split('\n').map(comparable);
  expect(shown.filter((line) => !printed.has(line))).toEqual([]);
});

/** Requests and cold starts differ from run to run, and so do times; events do not. */
function comparable(line: string): string {
  return (line.includes(' events') ? line : line.replaceAll(/\d+(?:\.\d+)?/g, 'N')).replaceAll(/\s+/g, ' ');
}

describe('your own events', () => {
  const file = join(mkdtempSync(join(tmpdir(), 'start-')), 'events.ndjson');
  writeFileSync(file, lines);
  writeFileSync(`${file}.gz`, gzipSync(lines));

  test.each([
    ['a file', ['--file', file], undefined],
    ['a gzip file', ['--file', `${file}.gz`], undefined],
    ['standard input', ['--file', '-'], lines],
  ])('from %s', async (_, args, input) => {
    const { code, output } = await start(args, input);
    expect({
      code,
      enqueued: row(output, 'enqueued'),
      delivered: row(output, 'delivered'),
      deadLetters: row(output, 'dead-lettered'),
    }).toEqual({
      code: 0,
      enqueued: 8,
      delivered: 1,
      deadLetters: 5,
    });
    // Each cause has all of its lines, and an example.
    const said = output.split('\n').map((line) => line.trim().replaceAll(/\s+/g, ' '));
    expect(said).toEqual(
      expect.arrayContaining([
        '2 unsupported_type lines 3 and 6',
        '2 missing_identity lines 5 and 7',
        'line 5: userId is required',
        '1 not_json line 4',
        expect.stringMatching(/^line 4: the body is not valid JSON: Unexpected token/),
        '1 unknown_type line 8',
        'line 8: message type foo is not supported',
        '1 unknown_type line 9',
        'line 9: message type bar is not supported',
      ]),
    );
  });

  test('go to the URL of --heap-url', async () => {
    const elsewhere = await startHeapServer();
    const { code, output } = await start(['--file', file, '--heap-url', elsewhere.url]);
    await elsewhere.stop();
    expect({ code, delivered: row(output, 'delivered') }).toEqual({ code: 0, delivered: 1 });
    expect(elsewhere.heap.contents().events).toMatchObject([{ event: 'A \u{1F600}' }]);
  });
});

test('a line with characters that SQS refuses is compressed, and dead-lettered with its reason', async () => {
  const { code, output } = await start(['--file', '-'], `{"type":"page"}\n\u0001\n{"type":"page"}`);
  expect({ code, enqueued: row(output, 'enqueued') }).toEqual({ code: 0, enqueued: 3 });
  expect(output).toMatch(/1 {2}not_json/);
});

test('a line that is too large for the queue is reported, the others are sent, and the exit code is 1', async () => {
  const large = randomBytes(1_300_000).toString('base64');
  const { code, output } = await start(['--file', '-'], `{"type":"page"}\n${large}\n{"type":"page"}`);
  expect({ code, enqueued: row(output, 'enqueued') }).toEqual({ code: 1, enqueued: 2 });
  expect(output).toMatch(/standard input:2 was refused by the queue/);
});

describe('what cannot work', () => {
  const folder = mkdtempSync(join(tmpdir(), 'start-'));
  const config = (content: object): readonly string[] => {
    const path = join(mkdtempSync(join(tmpdir(), 'start-')), 'settings.json');
    writeFileSync(path, JSON.stringify(content));
    return ['--config', path];
  };

  test.each<[readonly string[], RegExp]>([
    [['--file', '/nowhere.ndjson'], /^--file \/nowhere\.ndjson: there is no such file$/],
    [['--file', folder], /^--file \S+: this is a folder, not a file$/],
    [['--config', '/nowhere.json'], /^--config \/nowhere\.json: there is no such file$/],
    [['--config', folder], /^--config \S+: this is a folder, not a file$/],
    [['--speed', '9'], /^Unknown option '--speed'\. All options: npm start -- --help$/],
    [['--file'], /^Option '--file <value>' argument missing\. All options: npm start -- --help$/],
    [['events.ndjson'], /^events\.ndjson is given without an option: npm start -- --file events\.ndjson$/],
    [
      config({ dataResidency: 'eu' }),
      /^appId is required \(the id of a Heap environment, as a string\), in \S+settings\.json$/,
    ],
    [
      config({ appId: '1', dataResidancy: 'eu' }),
      /^dataResidancy is not known \(did you mean dataResidency\?\), in \S+$/,
    ],
  ])('%j ends with one line and exit code 2', async (args, message) => {
    const { code, output } = await start(args);
    expect(output.trim()).toMatch(message);
    expect({ code, lines: output.trim().split('\n').length }).toEqual({ code: 2, lines: 1 });
  });
});

describe('npm run dev', () => {
  const dev = (args: readonly string[]): Promise<{ code: number; output: string }> => run('dev.ts', args);

  test.each<[readonly string[], RegExp]>([
    [['--queue-port', 'abc'], /^--queue-port has to be a whole number from 0 to 65535, and is abc$/],
    [['--view-port', '65536'], /^--view-port has to be a whole number from 0 to 65535, and is 65536$/],
    [['settings.json'], /^settings\.json is given without an option: npm run dev -- --config settings\.json$/],
  ])('%j ends with one line and exit code 2', async (args, message) => {
    const { code, output } = await dev(args);
    expect(output.trim()).toMatch(message);
    expect({ code, lines: output.trim().split('\n').length }).toEqual({ code: 2, lines: 1 });
  });

  test('a port in use is named with its option, and what has been started is stopped again', async () => {
    const other = await startHeapServer();
    const { port } = new URL(other.url);
    const others = ['queue', 'heap', 'http', 'lambda'].flatMap((name) => [`--${name}-port`, '0']);
    const { code, output } = await dev([...others, '--view-port', port]);
    await other.stop();
    expect(output.trim()).toBe(
      `Port ${port} is in use: stop the program that uses it, or choose another port with --view-port (0 for any free one)`,
    );
    expect(code).toBe(2);
  });
});

test('a transformation is built in and run, and every event is still accounted for', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'start-with-'));
  const transformation = join(folder, 'mine.js');
  writeFileSync(
    transformation,
    `export function transformEvent(event) {
      if (event.event === 'Drop') return;
      if (event.event === 'Throw') throw new Error('no such event');
      return event.event === 'Split' ? [event, { ...event, event: 'Part' }, { ...event, event: '' }] : event;
    }`,
  );
  const file = join(folder, 'events.ndjson');
  const events = ['A', 'Drop', 'Throw', 'Split'].map((event) => ({
    type: 'track',
    event,
    userId: 'u',
    messageId: event,
  }));
  writeFileSync(file, events.map((event) => JSON.stringify(event)).join('\n'));
  const { code, output } = await start(['--file', file, '--transformation', transformation]);
  expect([code, row(output, 'delivered'), row(output, 'filtered'), row(output, 'dead-lettered')]).toEqual([0, 1, 1, 2]);
  expect(output).toContain(`4  events in 4 messages, transformed by ${transformation}`);
  expect(output).toMatch(/1\s+dropped_by_transformation line 2/);
  expect(output).toContain('line 3: Error: no such event (transformation/mine.js:3:');
  expect(output).toContain('event 3 of the 3 of the transformation: event is required');
  expect(output).toContain('Every event is accounted for.');

  writeFileSync(transformation, 'export const transformEvent = (;');
  expect(await start(['--transformation', transformation])).toEqual({
    code: 2,
    output: `${transformation}:1:32: Unexpected ";"\n`,
  });
});

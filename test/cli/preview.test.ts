import { execFile } from 'node:child_process';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { COMPILE_CACHE, NO_TRANSFORMATION } from '../support/lambda-harness.ts';

const PREVIEW = join(__dirname, '..', '..', 'cli', 'main.ts');

interface Ended {
  readonly code: number;
  readonly lines: readonly unknown[];
  readonly error: string;
}

/** Runs the command as a person does, with `input` as standard input. */
function run(args: readonly string[], input = '', environment: NodeJS.ProcessEnv = {}): Promise<Ended> {
  return new Promise((resolve) => {
    const options = { env: { PATH: process.env['PATH'], ...COMPILE_CACHE, ...NO_TRANSFORMATION, ...environment } };
    const child = execFile(process.execPath, [PREVIEW, 'preview', ...args], options, (failure, stdout, stderr) => {
      const lines = stdout.split('\n').filter((line) => line !== '');
      resolve({
        code: failure === null ? 0 : Number(failure.code),
        lines: lines.map((line): unknown => JSON.parse(line)),
        error: stderr,
      });
    });
    child.stdin?.end(input);
  });
}

function fileWith(text: string): string {
  const file = join(mkdtempSync(join(tmpdir(), 'preview-')), 'file.json');
  writeFileSync(file, text);
  return file;
}

const track = { type: 'track', event: 'A', userId: 7, messageId: 'm-1', properties: { a: { b: 1 } } };

test('one JSON object for each line, in order', async () => {
  const lines = [
    track,
    { type: 'identify', userId: 'u', traits: { a: 1 } },
    { type: 'page', userId: 'u' },
    { type: 'track', userId: 'u' },
  ].map((event) => JSON.stringify(event));
  const { code, lines: printed } = await run([], [...lines, 'not JSON', ''].join('\n'));
  expect(code).toBe(0);
  expect(printed).toEqual([
    {
      kind: 'deliver',
      endpoint: 'https://heapanalytics.com/api/track',
      body: {
        app_id: '1234567890',
        identity: '7',
        event: 'A',
        properties: { 'a.b': 1 },
        idempotency_key: expect.stringMatching(/^m-1-[0-9a-v]{12}$/),
      },
      notes: ['the event has no time that can be read and can be true: Heap uses the time of arrival'],
    },
    {
      kind: 'deliver',
      endpoint: 'https://heapanalytics.com/api/add_user_properties',
      body: { app_id: '1234567890', identity: 'u', properties: { a: 1 } },
    },
    { kind: 'filtered', reason: 'unsupported_type' },
    { kind: 'rejected', reason: 'missing_event', detail: 'event is required' },
    { kind: 'rejected', reason: 'not_json', detail: expect.stringContaining('line 5 is not valid JSON') },
  ]);
});

test('a line’s own Config overrides the settings, for this line', async () => {
  const own = JSON.stringify({ message: track, destination: { Config: { appId: '5', dataResidency: 'eu' } } });
  const wrong = JSON.stringify({ message: track, destination: { Config: { dataResidency: 'mars' } } });
  const config = fileWith('{"appId":"9","blacklistedEvents":[{"eventName":"A"}],"eventFilteringOption":"disable"}');
  const { lines } = await run(['--config', config], [own, wrong, JSON.stringify(track)].join('\n'));
  expect(lines).toMatchObject([
    { endpoint: 'https://c.eu.heap-api.com/api/track', body: { app_id: '5' } },
    { kind: 'rejected', reason: 'wrong_config', detail: 'dataResidency has to be "us" or "eu", in Config' },
    { endpoint: 'https://heapanalytics.com/api/track', body: { app_id: '9' } },
  ]);
});

test('an app id that a double cannot hold keeps its digits', async () => {
  const own = `{"message":${JSON.stringify(track)},"destination":{"Config":{"appId":9007199254740993}}}`;
  const { lines } = await run([], own);
  expect(lines).toMatchObject([{ body: { app_id: '9007199254740993' } }]);
});

test('a row of a warehouse table is shown as it would be loaded, and one that is nested too deeply is rejected', async () => {
  const row = { id: 'm-1', received_at: '2026-01-31 10:00:00', event_text: 'Order', user_id: 'u-1', amount: 5 };
  const deep = `{"received_at":"2026-01-31","event":"Order","a":${'['.repeat(20_000)}1${']'.repeat(20_000)}}`;
  const { code, lines } = await run(['--config', fileWith('{"appId":"3"}')], `${JSON.stringify(row)}\n${deep}`);
  expect(code).toBe(0);
  expect(lines).toMatchObject([
    {
      kind: 'deliver',
      body: { identity: 'u-1', event: 'Order', timestamp: '2026-01-31T10:00:00.000Z', properties: { amount: 5 } },
    },
    { kind: 'rejected', reason: 'unknown_shape', detail: expect.stringContaining('nested too deeply') },
  ]);
});

test('a file instead of standard input, and settings from the environment', async () => {
  const { lines } = await run([fileWith(`${JSON.stringify(track)}\n`)], '', { DESTINATION_CONFIG: '{"appId":"3"}' });
  expect(lines).toMatchObject([{ body: { app_id: '3' } }]);
});

test('several events in one line are shown together', async () => {
  const { lines } = await run([], JSON.stringify({ batch: [track, { type: 'page' }] }));
  expect(lines).toMatchObject([{ kind: 'batch', events: [{ kind: 'deliver' }, { kind: 'filtered' }] }]);
});

test.each([
  [['/nowhere/events.ndjson'], /ENOENT.*\/nowhere\/events\.ndjson/],
  [['--config', '/nowhere/settings.json'], /^--config \/nowhere\/settings\.json: there is no such file$/],
  [['--config', fileWith('{')], /file\.json is not valid JSON/],
  [['--config', fileWith('{}')], /^appId is required .*, in \S+file\.json$/],
  [['--colour'], /unknown option '--colour'/],
])('%j is answered with one line and exit code 2', async (args, message) => {
  const { code, lines, error } = await run(args);
  expect({ code, lines }).toEqual({ code: 2, lines: [] });
  expect(error.trim()).toMatch(message);
  expect(error.trim().split('\n')).toHaveLength(1);
});

test('what is lost on the way is said in notes, and nothing else is', async () => {
  const events = [
    { ...track, timestamp: '2026-02-30', properties: { 'a.b': 1, a: { b: 2 } } },
    { ...track, timestamp: '2026-02-28' },
    { ...track, timestamp: '2999-01-01' },
  ];
  const { lines } = await run([], events.map((event) => JSON.stringify(event)).join('\n'));
  const time = 'the event has no time that can be read and can be true: Heap uses the time of arrival';
  expect(lines.map((line) => Object(line).notes)).toEqual([
    [time, 'properties that have the name of another one and are lost: 1'],
    undefined,
    [time],
  ]);
});

test('an exported destination is taken, and a key that is not known is a warning on standard error', async () => {
  const exported = { id: 'd', config: { appId: '9', eventDelivery: true } };
  const { code, lines, error } = await run(['--config', fileWith(JSON.stringify(exported))], JSON.stringify(track));
  expect(lines).toMatchObject([{ kind: 'deliver', body: { app_id: '9' } }]);
  expect(error).toMatch(/^Not known and ignored: eventDelivery, in \S+\n$/);
  expect(code).toBe(0);
});

test('a transformation is run: that of --transformation, of TRANSFORMATION, or none', async () => {
  const dropping = fileWith('export const transformEvent = (event) => (event.type === "track" ? null : event);');
  const splitting = fileWith('export function transformEvent(event) { return [event, { ...event, event: "B" }]; }');
  const input = JSON.stringify(track);
  const dropped = [{ kind: 'filtered', reason: 'dropped_by_transformation' }];
  expect((await run(['--transformation', dropping], input)).lines).toEqual(dropped);
  expect((await run([], input, { TRANSFORMATION: dropping })).lines).toEqual(dropped);
  expect((await run(['--transformation', splitting], input, { TRANSFORMATION: dropping })).lines).toMatchObject([
    { kind: 'list', events: [{ body: { event: 'A' } }, { body: { event: 'B' }, transformed: { event: 'B' } }] },
  ]);
  const [plain] = (await run(['--transformation', 'none'], input, { TRANSFORMATION: dropping })).lines;
  expect(plain).toMatchObject({ kind: 'deliver' });
  expect(plain).not.toHaveProperty('transformed');
});

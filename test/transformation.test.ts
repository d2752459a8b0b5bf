import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bundleWith } from '../infra/bundle.ts';
import { builtFunctions, readTemplate } from '../infra/template.ts';
import { attributesOf, startHarness, type Harness } from './support/lambda-harness.ts';

/** The built function with a transformation, between a real SQS API and the Heap simulator. */

const ROOT = join(__dirname, '..');
const folder = mkdtempSync(join(tmpdir(), 'transformation-'));
afterAll(() => rmSync(folder, { recursive: true }));

function build(name: string, source: string): string {
  const file = join(folder, `${name}.js`);
  writeFileSync(file, source);
  const [built] = builtFunctions(readTemplate(join(ROOT, 'template.yaml')));
  if (built === undefined) throw new Error('the template has no function');
  bundleWith(ROOT, built, join(folder, name), file);
  return join(folder, name, `${built.name}.mjs`);
}

/** The line numbers are asserted below. */
const SOURCE = `
// This comment is not in a minified file.
const secret = (event) => event.properties.card.number;

export function transformEvent(event, metadata) {
  log('seen', event.properties);
  switch (event.event) {
    case 'Drop':
      return;
    case 'Throw':
      event.event = 'changed before it failed';
      return secret(event);
    case 'Words':
      throw new Error('card ' + event.properties.card);
    case 'Promise':
      return Promise.reject(new Error('nobody waits for it'));
    case 'Late':
      setTimeout(() => Promise.resolve().then(() => event), 0);
      return event;
    case 'Many':
      return Array.from({ length: 100_000 }, () => event);
    case 'Split':
      return event.properties.parts.map((part) => ({ ...event, event: part, properties: { at: Math.random() } }));
    case 'Source':
      event.properties = { source: metadata(event).sourceId };
      return event;
    case 'Credential':
      return getCredential('key');
    default:
      return event;
  }
}
`;

let harness: Harness;
let sent = 0;

beforeAll(async () => {
  harness = await startHarness({ LOG_LEVEL: 'DEBUG' }, undefined, build('good', SOURCE));
});
afterAll(() => harness.stop());
beforeEach(() => harness.heapServer.heap.refuse(() => false));

function eventOf(event: string, properties: object = {}, more: object = {}): string {
  sent += 1;
  const base = { type: 'track', userId: `u-${sent}`, messageId: `m-${sent}`, timestamp: '2026-11-20T09:00:00Z' };
  return JSON.stringify({ ...base, event, properties, ...more });
}

/** What Heap holds of the latest event. */
function inHeap() {
  return harness.heapServer.heap.contents().events.filter(({ identity }) => identity === `u-${sent}`);
}

/** All dead letters, with why they are there. */
async function reasonsOf() {
  const deadLetters = await harness.deadLetters();
  return deadLetters.map((one) => {
    const { reason, detail } = attributesOf(one);
    return { body: one.Body, reason, detail };
  });
}

test('an event goes through it, and one that it drops leaves no trace', async () => {
  await harness.send(eventOf('Source', {}, { context: { sourceId: 's-1' } }));
  await harness.invokeOnce();
  expect(inHeap()).toMatchObject([{ event: 'Source', properties: { source: 's-1' } }]);
  await harness.send(eventOf('Drop'));
  expect((await harness.invokeOnce()).givenBack).toEqual([]);
  expect(inHeap()).toEqual([]);
  expect(await harness.deadLetters()).toEqual([]);
  expect(harness.logs.join('\n')).toContain('"dropped_by_transformation":1');
});

test.each<[string, object, string]>([
  [
    'Throw',
    {},
    "TypeError: Cannot read properties of undefined (reading 'number') (transformation/transformation.js:3:49)",
  ],
  ['Words', { card: '4111' }, 'Error: card 4111 (transformation/transformation.js:14:13)'],
  ['Promise', {}, 'what it returned is a promise: transformEvent has to be a plain function, without async and await'],
  [
    'Credential',
    {},
    'Error: getCredential is not available: there are no credentials here: write the value into the file, if it is no secret (transformation/transformation.js:28:14)',
  ],
])(
  '%s: the event is dead-lettered as it came, with the words and the line, and its neighbours are delivered',
  async (name, properties, detail) => {
    const bad = eventOf(name, properties);
    const before = eventOf('Before');
    await harness.send(`{"batch":[${before}, ${bad.replace('{', '{ ')},${eventOf('After')}]}`);
    expect((await harness.invokeOnce()).givenBack).toEqual([]);
    expect(inHeap()).toMatchObject([{ event: 'After' }]);
    expect(await reasonsOf()).toEqual([{ body: bad.replace('{', '{ '), reason: 'transformation_failed', detail }]);
  },
);

test('a list without an end in sight is refused before it is made', async () => {
  const event = eventOf('Many');
  await harness.send(event);
  await harness.invokeOnce();
  const detail = 'it returned 100000 events, and may return 1000 at most';
  expect(await reasonsOf()).toEqual([{ body: event, reason: 'too_large', detail }]);
});

test('what an event says is in no line of the log, and neither are the words of an error', async () => {
  await harness.send(eventOf('Words', { card: '4111222233334444' }));
  await harness.invokeOnce();
  await harness.deadLetters();
  const logs = harness.logs.join('\n');
  expect(logs).toContain('"transformation_failed":1');
  expect(logs).not.toMatch(/4111222233334444|card|seen/);
});

test('what a transformation does later does not reach an event, nor end the process', async () => {
  await harness.send(eventOf('Late'));
  await harness.invokeOnce();
  expect(inHeap()).toMatchObject([{ event: 'Late' }]);
});

test('a list is delivered event by event, and counts once however often it comes', async () => {
  const event = eventOf('Split', { parts: ['A', 'B', 'C'] });
  for (let times = 0; times < 3; times += 1) {
    await harness.send(event);
    await harness.invokeOnce();
  }
  expect(inHeap().map((one) => one['event'])).toEqual(['A', 'B', 'C']);
});

test('if Heap refuses one of a list, the others are delivered, and the event is dead-lettered once', async () => {
  // Heap has to accept something first, or a refusal says nothing about the entry.
  await harness.send(eventOf('Before'));
  await harness.invokeOnce();
  harness.heapServer.heap.refuse((entry) => entry['event'] === 'Bad');
  const event = eventOf('Split', { parts: ['A', 'Bad', 'C'] });
  await harness.send(event);
  expect((await harness.invokeOnce()).givenBack).toEqual([]);
  expect(inHeap().map((one) => one['event'])).toEqual(['A', 'C']);
  const [deadLetter, ...others] = await reasonsOf();
  expect(others).toEqual([]);
  expect(deadLetter).toMatchObject({ body: event, reason: 'heap_refused' });
  expect(deadLetter?.detail).toMatch(/^event 2 of the 3 of the transformation: /);

  harness.heapServer.heap.refuse(() => false);
  await harness.send(event);
  await harness.invokeOnce();
  expect(
    inHeap()
      .map((one) => one['event'])
      .toSorted(),
  ).toEqual(['A', 'Bad', 'C']);
});

test('while Heap fails, a list with a bad event waits as a whole, and then both ends come about', async () => {
  const event = eventOf('Split', { parts: ['A', '', 'C'] });
  harness.heapServer.heap.inject({ status: 503, times: Number.MAX_SAFE_INTEGER });
  await harness.send(event);
  const { givenBack } = await harness.invokeOnce();
  expect(givenBack).toHaveLength(1);
  expect(await harness.deadLetters()).toEqual([]);
  harness.heapServer.heap.recover();
  // Another container: this one leaves Heap alone for a while.
  await harness.lambda.stop();
  await harness.makeVisible(givenBack);
  await harness.invokeOnce();
  expect(inHeap().map((one) => one['event'])).toEqual(['A', 'C']);
  expect(await reasonsOf()).toEqual([
    {
      body: event,
      reason: 'missing_event',
      detail: 'event 2 of the 3 of the transformation: event is required',
    },
  ]);
});

test('a long text that it makes does not stay in memory when Heap gets its beginning', () => {
  const script = `
    import { decide } from './lib/mapping/decide.ts';
    import { readSettingsFromEnvironment } from './lib/rudderstack/settings-from-environment.ts';
    const settings = readSettingsFromEnvironment({ DESTINATION_CONFIG: '{"appId":"1"}' });
    const long = (event) => ({ ...event, properties: { text: 'x'.repeat(1_000_000) } });
    const kept = Array.from({ length: 200 }, () => decide({ type: 'track', event: 'A', userId: 'u' }, settings, 0, long));
    console.log(kept.filter(({ kind }) => kind === 'mapped').length);`;
  const flags = ['--max-old-space-size=80', '--input-type=module', '--eval', script];
  expect(execFileSync(process.execPath, flags, { cwd: ROOT, encoding: 'utf8', stdio: 'pipe' })).toBe('200\n');
});

test('lint leaves alone what is pasted, and what it changes elsewhere', () => {
  const copy = join(folder, 'lint');
  for (const part of ['.oxlintrc.json', 'package.json', 'tsconfig.json', 'handlers', 'lib', 'transformation'])
    cpSync(join(ROOT, part), join(copy, part), { recursive: true });
  symlinkSync(join(ROOT, 'node_modules'), join(copy, 'node_modules'));
  writeFileSync(join(copy, 'transformation', 'transformation.js'), 'export function transformEvent(a, b) { eval(1) }');
  const oxlint = join(ROOT, 'node_modules', '.bin', 'oxlint');
  const { status, stdout } = spawnSync(oxlint, ['--deny-warnings', 'handlers', 'transformation'], {
    cwd: copy,
    encoding: 'utf8',
  });
  expect([status, stdout]).toEqual([0, expect.stringContaining('0 errors')]);
});

const CANNOT_LOAD =
  "cannot be loaded: TypeError: Cannot read properties of undefined (reading 'events') (transformation/transformation.js:2:27)";
const THROWS = 'const limit = undefined;\nexport const most = limit.events;';

test('with one that cannot be loaded every invocation fails with a sentence, and nothing is lost', async () => {
  const wrong = await startHarness({}, undefined, build('wrong', THROWS));
  await wrong.send(eventOf('A'));
  for (let times = 0; times < 2; times += 1) {
    const { answer } = await wrong.invokeWith(eventOf('A'));
    const message = `ConfigurationError: transformation/transformation.js ${CANNOT_LOAD}`;
    expect(answer).toEqual({ kind: 'error', message });
  }
  expect(await wrong.deadLetters()).toEqual([]);
  await wrong.stop();
});

describe('what is no transformation is refused in a sentence', () => {
  const sources: readonly (readonly [string, string, string])[] = [
    ['a file that throws', THROWS, CANNOT_LOAD],
    [
      'a file that asks for a credential',
      "const key = getCredential('a');\nexport const transformEvent = () => key;",
      'cannot be loaded: Error: getCredential is not available: there are no credentials here: write the value into the file, if it is no secret (transformation/transformation.js:1:13)',
    ],
    [
      'a file with a syntax error',
      'export function (',
      'cannot be loaded: SyntaxError: Function statements require a function name',
    ],
    [
      'a file with a library',
      'import { cyrb53 } from "hash";\nexport const transformEvent = cyrb53;',
      'cannot be loaded: it imports "hash": put what it needs of that into the file itself',
    ],
    [
      'a file with another file',
      "import { a } from './a.js';\nexport const transformEvent = a;",
      'cannot be loaded: it imports "./a.js": put what it needs of that into the file itself',
    ],
    [
      'a function without export',
      'function transformEvent(event) { return event; }',
      'has to export a function transformEvent(event, metadata)',
    ],
    ['a text', 'export const transformEvent = "x";', 'has to export a function transformEvent(event, metadata)'],
    [
      'transformBatch',
      'export function transformBatch(events) { return events; }',
      'exports transformBatch, which is not supported: write transformEvent, which gets one event',
    ],
    [
      'an async function',
      'export const transformEvent = async (event) => event;',
      'has an async transformEvent: it has to be a plain function, without async and await',
    ],
    [
      'an async generator',
      'export async function* transformEvent(event) { yield event; }',
      'has an async transformEvent: it has to be a plain function, without async and await',
    ],
    [
      'a generator',
      'export function* transformEvent(event) { yield event; }',
      'has a generator as transformEvent: it has to be a plain function that returns a list',
    ],
    [
      'a function beside isEmpty',
      'export const isEmpty = true;\nexport function transformEvent(event) { return event; }',
      'exports isEmpty beside transformEvent: take the line with isEmpty out of it, or nothing of it is run',
    ],
  ];
  /** In one process, because Jest does not load ES modules. */
  const script = `
    import { loadTransformation } from './lib/transformation/load.ts';
    for (const source of ${JSON.stringify(sources.map(([, source]) => source))}) {
      console.log((await loadTransformation(source)).why);
    }`;
  const said = execFileSync(process.execPath, ['--input-type=module', '--eval', script], {
    cwd: ROOT,
    encoding: 'utf8',
  });

  test.each(sources.map(([name, , why], index) => [name, why, said.split('\n')[index]]))('%s', (_, why, line) => {
    expect(line).toBe(`transformation/transformation.js ${why}`);
  });
});

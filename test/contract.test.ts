import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { HEAP_RULES, type HeapContents, type HeapRules } from '../local/heap-simulator/heap.ts';
import type { Personality } from '../local/heap-simulator/personality.ts';
import { startHeapServer, type HeapServer } from '../local/heap-simulator/server.ts';
import { startLoopbackServer } from '../local/loopback-server.ts';
import { ask, judge, planOf, type Judged, type Answers } from '../local/contract/ask.ts';
import type { Run } from '../local/contract/marks.ts';
import { QUESTIONS, type Look, type Question } from '../local/contract/questions.ts';
import { toMarkdown } from '../local/contract/report.ts';
import { createSend } from '../local/contract/request.ts';
import { readPage } from './docs/pages.ts';
import { COMPILE_CACHE } from './support/lambda-harness.ts';
import { inTerminal } from './support/terminal.ts';

/** The check over HTTP, against simulators that differ in what Heap's documentation leaves open. */
const APP_ID = '98765432101';
const FEW = QUESTIONS.filter(({ id }) => id !== 'over-1000');

interface Checked {
  readonly answers: Answers;
  readonly judged: readonly Judged[];
  readonly verdicts: Readonly<Record<string, string>>;
  readonly because: readonly string[];
  readonly pauses: number;
}

/** @param timeoutMs only what never answers reaches it */
async function check(
  url: string,
  questions: readonly Question[] = FEW,
  timeoutMs = 600_000,
  signal?: AbortSignal,
): Promise<Checked> {
  const run: Run = { id: 'run0000', appId: APP_ID, startedAt: Date.now() };
  let pauses = 0;
  const answers = await ask(questions, run, {
    send: createSend(url, timeoutMs),
    pause: async () => void (pauses += 1),
    signal: signal ?? new AbortController().signal,
    onQuestion: () => undefined,
  });
  const judged = judge(questions, run, answers);
  const verdicts = Object.fromEntries(judged.map(({ question, verdict }) => [question.id, verdict.answer]));
  const because = judged.map(({ verdict }) => verdict.because);
  return { answers, judged, verdicts, because, pauses };
}

interface CheckedSimulator extends Checked {
  readonly contents: HeapContents;
  readonly sent: { readonly requests: number; readonly entries: number };
}

async function checkSimulator(
  personality: Personality,
  questions: readonly Question[] = FEW,
  rules: HeapRules = HEAP_RULES,
  onRequest: (server: HeapServer, requests: number) => void = () => undefined,
): Promise<CheckedSimulator> {
  let requests = 0;
  let entries = 0;
  const server: HeapServer = await startHeapServer(
    0,
    rules,
    (_, body) => {
      requests += 1;
      entries += body.split('"contract_check"').length - 1;
      onRequest(server, requests);
    },
    personality,
  );
  try {
    const checked = await check(server.url, questions);
    return { ...checked, contents: server.heap.contents(), sent: { requests, entries } };
  } finally {
    await server.stop();
  }
}

/** What a person would find in Heap. */
function find({ kind, identity, mark }: Look, { events, users }: HeapContents): boolean {
  const isMarked = (properties: unknown): boolean => Object(properties).contract_check === mark;
  return kind === 'event'
    ? events.some((event) => event['identity'] === identity && isMarked(event['properties']))
    : users.some((user) => user.identity === identity && isMarked(user.properties));
}

/** The verdicts on the simulator by its own rules. */
const OWN: Readonly<Record<string, string>> = {
  'one-bad-entry': 'yes',
  'one-bad-user': 'yes',
  'names-bad-entry': 'yes',
  'null-property': 'yes',
  'null-user-property': 'yes',
  'empty-property-name': 'yes',
  'boolean-property': 'no',
  'nested-property': 'yes',
  'text-of-1024': 'yes',
  'text-of-5000': 'yes',
  'property-name-of-513': 'yes',
  'property-name-of-1024': 'yes',
  'event-name-of-1025': 'yes',
  'identity-of-256': 'yes',
  'number-identity': 'yes',
  'short-key': 'no',
  'same-key': 'no',
  'same-key-in-one-request': 'no',
  'same-key-of-another': 'no',
  'unreadable-timestamp': 'yes',
  'number-timestamp': 'yes',
  'past-timestamp': 'no',
  'future-timestamp': 'no',
  'unknown-field': 'no',
  'unknown-field-of-request': 'no',
  'empty-list': 'yes',
  gzip: 'no',
  'unknown-app-id': 'no',
  'malformed-app-id': 'no',
};

test('the simulator’s own rules are told, and the check sends what it has announced, marked', async () => {
  const run: Run = { id: 'run0000', appId: APP_ID, startedAt: Date.now() };
  const plan = planOf(QUESTIONS, run);
  expect(plan.entries).toBeLessThanOrEqual(2500);
  const { verdicts, contents, sent, pauses } = await checkSimulator({}, QUESTIONS);
  expect(verdicts).toEqual({ ...OWN, 'over-1000': 'yes' });
  expect(sent.requests).toBeLessThanOrEqual(plan.requests);
  expect(sent.entries).toBeLessThanOrEqual(plan.entries);
  // One pause before each request is all that keeps the pace.
  expect(pauses).toBe(sent.requests);
  const known = new Set(plan.identities);
  const inHeap = [
    ...contents.events.flatMap(({ app_id: appId, identity }) => (appId === APP_ID ? [String(identity)] : [])),
    ...contents.users.map((user) => user.identity),
  ];
  expect(inHeap.filter((identity) => !known.has(identity))).toEqual([]);
  expect(contents.events.filter(({ event }) => !String(event).startsWith('Heap contract check'))).toEqual([]);
});

describe('one difference changes the verdict on its question', () => {
  test.each<[string, Personality, Readonly<Record<string, string>>]>([
    [
      'a bad entry is skipped',
      { effects: { incomplete_entry: 'skip' } },
      { 'one-bad-entry': 'no', 'one-bad-user': 'no', 'names-bad-entry': 'unclear' },
    ],
    [
      'a bad entry is accepted, even alone',
      { effects: { incomplete_entry: 'drop' } },
      { 'one-bad-entry': 'unclear', 'one-bad-user': 'unclear', 'names-bad-entry': 'unclear' },
    ],
    ['a refusal says nothing', { refusal: { status: 400, body: '' } }, { 'names-bad-entry': 'no' }],
    ['a refusal has another status', { refusal: { status: 422, body: 'Unprocessable' } }, { 'names-bad-entry': 'no' }],
    ['null is stored', { effects: { null_property: 'store' } }, { 'null-property': 'no', 'null-user-property': 'no' }],
    [
      'an event with null is dropped',
      { effects: { null_property: 'drop' } },
      { 'null-property': 'no', 'null-user-property': 'no' },
    ],
    ['an empty name is stored', { effects: { empty_property_name: 'store' } }, { 'empty-property-name': 'no' }],
    ['a boolean is refused', { effects: { boolean_property: 'refuse' } }, { 'boolean-property': 'yes' }],
    ['an object is dropped', { effects: { nested_property: 'store' } }, { 'nested-property': 'no' }],
    ['a text of 1024 is stored', { effects: { text_of_1024: 'store' } }, { 'text-of-1024': 'no' }],
    ['a longer text is cut', { effects: { text_over_1024: 'store' } }, { 'text-of-5000': 'no' }],
    ['a name of 513 is dropped', { effects: { property_name_over_512: 'store' } }, { 'property-name-of-513': 'no' }],
    ['a name of 1024 is dropped', { effects: { property_name_over_1023: 'store' } }, { 'property-name-of-1024': 'no' }],
    ['an event name is cut', { effects: { long_event_name: 'store' } }, { 'event-name-of-1025': 'no' }],
    ['an identity is cut', { effects: { long_identity: 'store' } }, { 'identity-of-256': 'no' }],
    ['a number is an identity', { effects: { number_identity: 'store' } }, { 'number-identity': 'no' }],
    ['a short key is refused', { effects: { short_key: 'refuse' } }, { 'short-key': 'yes' }],
    ['a repeated key is refused', { effects: { repeated_key: 'refuse' } }, { 'same-key': 'yes' }],
    [
      'a key twice in a request is refused',
      { effects: { repeated_key_in_request: 'refuse' } },
      { 'same-key-in-one-request': 'yes' },
    ],
    [
      'a key of another identity is refused',
      { effects: { key_of_another_identity: 'refuse' } },
      { 'same-key-of-another': 'yes' },
    ],
    ['“soon” is taken as now', { effects: { unreadable_timestamp: 'store' } }, { 'unreadable-timestamp': 'no' }],
    ['a number is a time', { effects: { number_timestamp: 'store' } }, { 'number-timestamp': 'no' }],
    ['the past is refused', { effects: { past_timestamp: 'refuse' } }, { 'past-timestamp': 'yes' }],
    ['the future is refused', { effects: { future_timestamp: 'refuse' } }, { 'future-timestamp': 'yes' }],
    ['an unknown field is refused', { effects: { unknown_field: 'refuse' } }, { 'unknown-field': 'yes' }],
    [
      'an unknown field of a request is refused',
      { effects: { unknown_field_of_request: 'refuse' } },
      { 'unknown-field-of-request': 'yes' },
    ],
    ['an empty list is accepted', { effects: { empty_list: 'store' } }, { 'empty-list': 'no' }],
    ['gzip is unpacked', { effects: { gzip: 'store' } }, { gzip: 'yes' }],
    [
      'an unknown app id is refused',
      { appId: APP_ID, effects: { unknown_app: 'refuse' }, refusal: { status: 401, body: 'entry 3 7' } },
      { 'unknown-app-id': 'yes', 'names-bad-entry': 'no' },
    ],
    [
      'a malformed app id is refused',
      { appId: APP_ID, effects: { malformed_app: 'refuse' } },
      { 'malformed-app-id': 'yes' },
    ],
  ])('%s', async (_, personality, changed) => {
    const { verdicts } = await checkSimulator(
      personality,
      FEW.filter(({ id }) => id in changed),
    );
    expect(verdicts).toEqual(changed);
    expect(Object.keys(changed).filter((id) => OWN[id] === changed[id])).toEqual([]);
  });

  test('and many differences at once change all of them, and no other', async () => {
    const stored = {
      null_property: 'store',
      empty_property_name: 'drop',
      nested_property: 'store',
      text_of_1024: 'store',
      property_name_over_512: 'drop',
      long_event_name: 'drop',
      number_identity: 'store',
      number_timestamp: 'store',
      gzip: 'store',
    } as const;
    const refused = {
      boolean_property: 'refuse',
      repeated_key: 'refuse',
      key_of_another_identity: 'refuse',
      past_timestamp: 'refuse',
      unknown_field: 'refuse',
      unknown_app: 'refuse',
    } as const;
    const { verdicts } = await checkSimulator({ appId: APP_ID, effects: { ...stored, ...refused } });
    expect(verdicts).toEqual({
      ...OWN,
      'null-property': 'no',
      'null-user-property': 'no',
      'empty-property-name': 'no',
      'boolean-property': 'yes',
      'nested-property': 'no',
      'text-of-1024': 'no',
      'property-name-of-513': 'no',
      'event-name-of-1025': 'no',
      'number-identity': 'no',
      'same-key': 'yes',
      'same-key-of-another': 'yes',
      'number-timestamp': 'no',
      'past-timestamp': 'yes',
      'unknown-field': 'yes',
      gzip: 'yes',
      'unknown-app-id': 'yes',
    });
  });

  test('every question is in the table, or in the next one', () => {
    expect([...Object.keys(OWN), 'over-1000']).toEqual(QUESTIONS.map(({ id }) => id));
  });

  test.each<[string, Personality, string, readonly boolean[]]>([
    ['refused', {}, 'yes', []],
    ['cut to 1000', { effects: { too_many_entries: 'drop' } }, 'no', [false]],
    ['stored', { effects: { too_many_entries: 'store' } }, 'no', [true]],
    ['refused, as 1000 are', { effects: { repeated_key_in_request: 'refuse' } }, 'unclear', []],
  ])('1001 events are %s', async (_, personality, verdict, found) => {
    const { verdicts, judged, contents } = await checkSimulator(
      personality,
      QUESTIONS.filter(({ id }) => id === 'over-1000'),
    );
    expect(verdicts).toEqual({ 'over-1000': verdict });
    expect(judged.flatMap(({ looks }) => looks.map((look) => find(look, contents)))).toEqual(found);
  });
});

describe('a look into Heap tells apart what the answers do not', () => {
  test.each<[string, string, Personality, boolean, readonly boolean[]]>([
    ['a refused request is not stored', 'one-bad-entry', {}, true, [false, false]],
    ['a refused request is stored in part', 'one-bad-entry', {}, false, [true, true]],
    [
      'an accepted request is stored in part',
      'one-bad-entry',
      { effects: { incomplete_entry: 'skip' } },
      true,
      [true, true],
    ],
    ['refused users are not stored', 'one-bad-user', {}, true, [false, false]],
    ['refused users are stored in part', 'one-bad-user', {}, false, [true, true]],
    ['an event with null is dropped', 'null-property', { effects: { null_property: 'drop' } }, true, [false]],
    ['an event with null is stored', 'null-property', { effects: { null_property: 'store' } }, true, [true]],
    ['a user with null is stored', 'null-user-property', { effects: { null_property: 'store' } }, true, [true]],
    ['a key counts for the app', 'same-key-of-another', {}, true, [true, false]],
    [
      'a key counts for the user',
      'same-key-of-another',
      { effects: { key_of_another_identity: 'store' } },
      true,
      [true, true],
    ],
    ['a short key counts', 'short-key', {}, true, [true, false]],
    ['a short key is ignored', 'short-key', { effects: { short_key: 'store' } }, true, [true, true]],
    ['a repeated key is dropped', 'same-key', {}, true, [true, false]],
    ['a repeated key is stored', 'same-key', { effects: { repeated_key: 'store' } }, true, [true, true]],
    ['a key twice is stored once', 'same-key-in-one-request', {}, true, [true, false]],
    [
      'a key twice is stored twice',
      'same-key-in-one-request',
      { effects: { repeated_key_in_request: 'store' } },
      true,
      [true, true],
    ],
    ['a number is stored as identity', 'number-identity', { effects: { number_identity: 'store' } }, true, [true]],
    ['a compressed event is stored', 'gzip', { effects: { gzip: 'store' } }, true, [true]],
  ])('%s', async (_, id, personality, isAtomic, found) => {
    const only = QUESTIONS.filter((question) => question.id === id);
    const { judged, contents } = await checkSimulator(personality, only, { ...HEAP_RULES, isAtomic });
    expect(judged.flatMap(({ looks }) => looks.map((look) => find(look, contents)))).toEqual(found);
  });
});

describe('what says nothing is unclear', () => {
  const unclear = Object.fromEntries(Object.keys(OWN).map((id) => [id, 'unclear']));

  test.each<[string, Personality, RegExp]>([
    ['200', { always: { status: 200, body: 'OK' } }, /a body that is not JSON was accepted too/],
    ['400', { always: { status: 400, body: 'Bad Request' } }, /a good event was not accepted: 400 `Bad Request`/],
    ['401', { always: { status: 401, body: '' } }, /a good event was not accepted: 401/],
    ['429', { always: { status: 429, body: '', retryAfter: '60' } }, /Heap answered 429/],
    ['503', { always: { status: 503, body: '' } }, /the answer was 503/],
    ['302', { always: { status: 302, body: '' } }, /the answer was 302/],
    ['a page with 200', { always: { status: 200, body: '\n<!doctype html><p>Sign in' } }, /a page came back/],
    ['a page with 403', { always: { status: 403, body: '<html>blocked</html>' } }, /a page came back/],
    ['a cut connection', { always: { status: 200, body: '', isCut: true } }, /Heap cannot be reached/],
  ])('everything is answered with %s', async (_, personality, because) => {
    const { verdicts, because: reasons, sent } = await checkSimulator(personality);
    expect(verdicts).toEqual(unclear);
    expect(reasons.filter((reason) => !because.test(reason))).toEqual([]);
    // Nothing more is sent where a good event is not accepted. Where everything is, no request is sent twice.
    const once = FEW.flatMap((question) => question.requests({ id: 'run0000', appId: APP_ID, startedAt: 0 }));
    expect(sent.requests).toBe(personality.always?.body === 'OK' ? once.length + 8 : 1);
  });

  test('nothing is answered in time', async () => {
    await using silent = await startLoopbackServer(0, () => undefined);
    const { verdicts, because } = await check(silent.url, FEW, 20);
    expect(verdicts).toEqual(unclear);
    expect(because[0]).toMatch(/there was no answer in time/);
  });

  test('nobody listens', async () => {
    const gone = await startLoopbackServer(0, () => undefined);
    await gone.stop();
    expect((await check(gone.url)).verdicts).toEqual(unclear);
  });

  test('an acceptance has another body than a good entry’s', async () => {
    await using server = await startLoopbackServer(0, async (request, response) => {
      let body = '';
      for await (const chunk of request) body += String(chunk);
      const isBad = body === '{' || !body.includes('contract-check-run0000-good');
      response.writeHead(body === '{' ? 400 : 200).end(isBad ? '{"rejected":1}' : '{"rejected":0}');
    });
    const { verdicts, because } = await check(server.url);
    expect({ ...verdicts, gzip: 'unclear' }).toEqual(unclear);
    expect(because[0]).toContain('which is not what a good entry is answered');
  });

  test.each([
    [400, 21],
    [429, 20],
    [503, 21],
  ])('from the 20th request on, everything is answered with %i', async (status, requests) => {
    const { verdicts, answers, sent } = await checkSimulator({}, FEW, HEAP_RULES, ({ heap }, count) => {
      if (count === 19) heap.inject({ status, times: 1000 });
    });
    const wrong = Object.entries(verdicts).filter(([id, verdict]) => verdict !== 'unclear' && verdict !== OWN[id]);
    expect(wrong).toEqual([]);
    expect(answers.stopped).toBeDefined();
    // One more, to see whether a good event is accepted; after a 429 none.
    expect(sent.requests).toBe(requests);
  });

  test.each([400, 503])('every second request is answered with %i', async (status) => {
    const { verdicts } = await checkSimulator({}, FEW, HEAP_RULES, ({ heap }, requests) => {
      if (requests % 2 === 1 && requests > 6) heap.inject({ status });
    });
    const wrong = Object.entries(verdicts).filter(([id, verdict]) => verdict !== 'unclear' && verdict !== OWN[id]);
    expect(wrong).toEqual([]);
  });

  test('from the 40th request on, everything is accepted', async () => {
    const { verdicts, because } = await checkSimulator({}, FEW, HEAP_RULES, ({ heap }, requests) => {
      if (requests === 39) heap.inject({ status: 200, times: 1000 });
    });
    const wrong = Object.entries(verdicts).filter(
      ([id, verdict]) => verdict === 'no' || (verdict === 'yes' && OWN[id] !== 'yes'),
    );
    expect(wrong).toEqual([]);
    expect(because.at(-1)).toMatch(/a body that is not JSON was accepted too/);
  });

  test('an interrupted check says what it knows', async () => {
    const stopping = new AbortController();
    const server = await startHeapServer(
      0,
      HEAP_RULES,
      (_, body) => body.includes(' null-property') && stopping.abort(),
    );
    const { verdicts, answers } = await check(server.url, FEW, 600_000, stopping.signal);
    await server.stop();
    expect(answers.stopped).toBe('it was interrupted');
    expect(verdicts).toMatchObject({ 'one-bad-entry': 'yes', 'null-property': 'yes', 'null-user-property': 'unclear' });
  });
});

test('docs/heap-behaviour.md names every question, and how much is sent', () => {
  const { text } = readPage(join('docs', 'heap-behaviour.md'));
  expect(QUESTIONS.filter(({ id }) => !text.includes(`\`${id}\``))).toEqual([]);
  const plan = planOf(QUESTIONS, { id: 'run0000', appId: APP_ID, startedAt: Date.now() });
  expect(text).toContain(
    `up to ${plan.requests} requests with ${plan.entries} entries, for ${plan.identities.length} users`,
  );
});

test('the table keeps its shape, and does not show the app id', async () => {
  const refusal = { status: 400, body: `a | b\n${APP_ID} \`c\`` };
  const { judged, answers } = await checkSimulator({ refusal });
  const run: Run = { id: 'run0000', appId: APP_ID, startedAt: Date.parse('2026-01-31T10:00:00Z') };
  const text = toMarkdown({ run, where: 'region EU', answers, judged, plan: planOf(QUESTIONS, run) });
  expect(text).not.toContain(APP_ID);
  const [head = ''] = text.split('\n');
  expect(head).toBe('### 2026-01-31, region EU');
  const rows = text.split('\n').filter((line) => line.startsWith('|'));
  expect(rows).toHaveLength(FEW.length + 2);
  expect(rows.filter((line) => line.replaceAll(String.raw`\|`, '').split('|').length !== 5)).toEqual([]);
});

describe('npm run contract', () => {
  const main = join(__dirname, '..', 'local', 'contract', 'main.ts');
  const env = { PATH: process.env['PATH'], ...COMPILE_CACHE };
  const contract = (args: readonly string[]): Promise<{ code: number; out: string; error: string }> =>
    new Promise((resolve) => {
      execFile(process.execPath, [main, ...args], { env }, (failure, out, error) =>
        resolve({ code: failure === null ? 0 : Number(failure.code), out, error }),
      );
    });
  let server: HeapServer;
  beforeAll(async () => void (server = await startHeapServer()));
  afterAll(() => server.stop());

  test('prints what it sends, the verdicts and what to look for', async () => {
    const { code, out, error } = await contract(['--app-id', APP_ID, '--url', `${server.url}/`, '--yes']);
    expect(code).toBe(0);
    expect(error).toMatch(/^Run \w{7} sends up to \d+ requests with \d+ entries to http:\S+, for \d+ users /);
    expect(out).toMatch(/^\| .*`null-property`.* \| yes \| 400 `Bad Request: /m);
    expect(out).toMatch(/^- \[ \] `one-bad-entry`: An event with `contract_check` = /m);
    const [, users = ''] = /```json\n(.*)\n```/.exec(out) ?? [];
    expect(JSON.parse(users)).toMatchObject({
      users: expect.arrayContaining([{ identity: expect.stringMatching(/^contract-check-/) }]),
    });
  });

  test('gives the same as JSON', async () => {
    const { code, out } = await contract(['--app-id', APP_ID, '--url', server.url, '--yes', '--json']);
    expect(code).toBe(0);
    const { questions, stopped } = JSON.parse(out);
    expect(stopped).toBeNull();
    expect(
      Object.fromEntries(questions.map(({ id, verdict }: { id: string; verdict: string }) => [id, verdict])),
    ).toEqual({
      ...OWN,
      'over-1000': 'yes',
    });
  });

  test('asks at a terminal, and sends nothing without a yes', async () => {
    const { requests } = server.heap.counts();
    const line = `${process.execPath} ${main} --app-id ${APP_ID} --url ${server.url}`;
    const { code, out } = await inTerminal(line, 200, {}, 'n\n');
    expect(out).toMatch(/Send them\? \[y\/N\]/);
    expect({ code, requests: server.heap.counts().requests }).toEqual({ code: 1, requests });
  });

  test.each([
    ['the US', '', 'https://heapanalytics.com,'],
    ['the EU', '--eu', 'https://c.eu.heap-api.com,'],
  ])('says before it sends that it sends to %s', async (_, option, host) => {
    const { code, out } = await inTerminal(`${process.execPath} ${main} --app-id ${APP_ID} ${option}`, 200, {}, 'n\n');
    expect(out).toContain(` to ${host}`);
    expect(out).toContain('Nothing was sent.');
    expect(code).toBe(1);
  });

  test('ends with exit code 1 where nothing is accepted', async () => {
    server.heap.inject({ status: 503 });
    const { code, out } = await contract(['--app-id', APP_ID, '--url', server.url, '--yes']);
    expect(code).toBe(1);
    expect(out).toContain('The check ended early: a good event was not accepted: the answer was 503.');
  });

  test.each<[readonly string[], RegExp]>([
    [[], /--app-id/],
    [['--app-id', 'x'], /It has to be the number of a Heap environment/],
    [['--app-id', '1', '--url', 'heap'], /It has to begin with http/],
    [['--app-id', '1', '--eu', '--url', 'http://127.0.0.1:1'], /--eu.*cannot be used with.*--url/],
    [['--app-id', '1', '--url', 'http://127.0.0.1:1'], /this is no terminal: add --yes/],
    [['--app-id', '1', 'more'], /too many arguments/],
  ])('%j ends with one line and exit code 2', async (args, message) => {
    const { code, out, error } = await contract(args);
    expect((out + error).trim()).toMatch(message);
    expect({ code, lines: (out + error).trim().split('\n').length }).toEqual({ code: 2, lines: 1 });
  });
});

import { gzipSync } from 'node:zlib';
import { valueAt } from '../lib/json.ts';
import { unwrap } from '../lib/rudderstack/envelope.ts';
import {
  basic,
  KEYS,
  startHttpEndpointHarness,
  WEBHOOK_SECRET,
  WRITE_KEY,
  type HttpEndpointHarness,
} from './support/http-endpoint-harness.ts';
import { sqsEndpoint } from './support/lambda-harness.ts';
import {
  SDK_RULES,
  simulateSdk,
  type SdkAnswer,
  type SdkRequest,
  type SdkRule,
  type SimulatedSdk,
  type StoredEvent,
} from './support/sdk-rules.ts';
import { startUnreliableProxy, type UnreliableProxy } from './support/unreliable-proxy.ts';

/**
 * Every SDK, by the rules in its source code, against the built HTTP endpoint: whatever happens, no good event is lost, and no
 * SDK stops. Nothing waits: where the real SDK waits, the simulated one sends again at once.
 */
let network: UnreliableProxy;
let harness: HttpEndpointHarness;
beforeAll(async () => {
  network = await startUnreliableProxy(sqsEndpoint());
  harness = await startHttpEndpointHarness(network.url);
});
afterAll(async () => {
  await harness.stop();
  await network.stop();
});
afterEach(() => harness.httpEndpoint.setKeys(KEYS));

/** More requests than any story needs. An SDK that sends more repeats one for ever. */
const MOST_REQUESTS = 100;

async function post({ path, isGzipped, body }: SdkRequest, key: string): Promise<SdkAnswer> {
  const { status, text } = await harness.request(path, {
    method: 'POST',
    body: isGzipped ? gzipSync(body) : body,
    headers: {
      authorization: basic(key),
      'x-webhook-secret': WEBHOOK_SECRET,
      ...(isGzipped ? { 'content-encoding': 'gzip' } : {}),
    },
  });
  return { status, text };
}

/** Lets every SDK send one request, and returns the statuses of the answers. */
async function oneRound(sdks: readonly SimulatedSdk[], key = WRITE_KEY): Promise<readonly number[]> {
  const statuses: number[] = [];
  for (const sdk of sdks) {
    const request = sdk.next();
    if (request === undefined) continue;
    const answer = await post(request, key);
    sdk.answered(answer);
    statuses.push(answer.status);
  }
  return statuses;
}

/** Lets every SDK send until it has nothing to send. */
async function allRounds(sdks: readonly SimulatedSdk[], key = WRITE_KEY): Promise<void> {
  for (let round = 0; round < MOST_REQUESTS; round += 1) {
    if ((await oneRound(sdks, key)).length === 0) return;
  }
}

/** An SDK, and the ids of the good events that it had at the beginning. */
interface Party {
  readonly sdk: SimulatedSdk;
  readonly good: readonly string[];
}

const ALL_ARRIVED = { missing: [], stored: [] };

/** Which good events are not in the queue, and which SDKs still have some. */
async function outcome(parties: readonly Party[]) {
  const messages = await harness.messages();
  const arrived = new Set(
    messages.flatMap(({ Body = '' }) =>
      unwrap(Body).map((one) => (one.kind === 'event' ? valueAt(one.event, ['messageId']) : undefined)),
    ),
  );
  return {
    missing: parties.flatMap(({ good }) => good.filter((id) => !arrived.has(id))),
    stored: parties.filter(({ sdk }) => sdk.stored().length > 0).map(({ sdk }) => sdk.name),
  };
}

/**
 * Gives each SDK some good events.
 *
 * @param bad returns the JSON of a bad event that stands before the good one of that index; undefined if there is none
 */
function startSdks({
  rules = SDK_RULES,
  count = 4,
  batchOf,
  bad = () => undefined,
  properties = {},
}: {
  readonly rules?: readonly SdkRule[];
  readonly count?: number;
  readonly batchOf?: number;
  readonly bad?: (index: number) => string | undefined;
  readonly properties?: object;
}): readonly Party[] {
  return rules.map((rule) => {
    const good = Array.from({ length: count }, (_, index) => `${rule.name} ${index}`);
    const events = good.flatMap((messageId, index): readonly StoredEvent[] => {
      const json = JSON.stringify({ type: 'track', anonymousId: 'a-1', event: 'Good', messageId, properties });
      const before = bad(index);
      return [
        ...(before === undefined ? [] : [{ id: `bad ${index}`, type: 'track', json: before }]),
        { id: messageId, type: 'track', json },
      ];
    });
    return { sdk: simulateSdk(rule, events, batchOf), good };
  });
}

const sdksOf = (parties: readonly Party[]): readonly SimulatedSdk[] => parties.map(({ sdk }) => sdk);
/** The SDKs that have a write key. */
const WITH_KEY = SDK_RULES.filter(({ path }) => path !== '/webhook');

const event = (members: string): string => `{"type":"track","event":"Bad",${members}}`;
const USER = '"userId":"u-1","anonymousId":"a-1"';
const BAD_ELEMENTS: readonly string[] = [
  event('"anonymousId":"","userId":null'),
  event('"properties":{}'),
  '"not an event"',
  'null',
  // As Python writes it.
  event(`${USER},"properties":{"price":NaN}`),
  event(`${USER},"properties":{"deep":${'['.repeat(201)}${']'.repeat(201)}}`),
  event(`${USER},"__proto__":{"isAdmin":true}`),
];

test('with a bad event in each batch, every good event of every SDK arrives', async () => {
  const parties = startSdks({ count: 14, batchOf: 3, bad: (index) => BAD_ELEMENTS[(index - 1) / 2] });
  await allRounds(sdksOf(parties));
  expect(await outcome(parties)).toEqual(ALL_ARRIVED);
});

test('a batch of nothing but bad events blocks no SDK', async () => {
  const events = BAD_ELEMENTS.filter((json) => json.startsWith('{'));
  const fromApp = events.map((json) => json.replace('{', '{"channel":"mobile",'));
  const isApp = ({ channel }: SdkRule): boolean => channel === 'mobile';
  const parties = [
    ...startSdks({ rules: SDK_RULES.filter(isApp), batchOf: 1, count: 6, bad: (index) => fromApp[index] }),
    ...startSdks({
      rules: SDK_RULES.filter((rule) => !isApp(rule)),
      batchOf: 1,
      count: 6,
      bad: (index) => events[index],
    }),
  ];
  await allRounds(sdksOf(parties));
  expect(await outcome(parties)).toEqual(ALL_ARRIVED);
});

test('while the keys cannot be read, every SDK keeps its events', async () => {
  const parties = startSdks({ batchOf: 2 });
  const sdks = sdksOf(parties);
  expect(new Set(await oneRound(sdks))).toEqual(new Set([200]));
  harness.httpEndpoint.setKeys(undefined);
  await harness.httpEndpoint.lambda.stop();
  expect(new Set([...(await oneRound(sdks)), ...(await oneRound(sdks))])).toEqual(new Set([503]));
  harness.httpEndpoint.setKeys(KEYS);
  // How soon it reads again is not of interest here. A new container does so at once.
  await harness.httpEndpoint.lambda.stop();
  await allRounds(sdks);
  expect(await outcome(parties)).toEqual(ALL_ARRIVED);
});

test('a new key that cannot be checked yet costs no SDK its events', async () => {
  const newKey = 'a-new-write-key-for-tests';
  const parties = startSdks({ rules: WITH_KEY, batchOf: 2 });
  const sdks = sdksOf(parties);
  // It has read its keys, and while the store fails it cannot know whether the key is new.
  await harness.request('/sourceConfig');
  harness.httpEndpoint.setKeys(undefined);
  expect(new Set([...(await oneRound(sdks, newKey)), ...(await oneRound(sdks, newKey))])).toEqual(new Set([503]));
  harness.httpEndpoint.setKeys(KEYS.replace(WRITE_KEY, newKey));
  // Half a minute later it may read again. A new container does so at once.
  await harness.httpEndpoint.lambda.stop();
  await allRounds(sdks, newKey);
  expect(await outcome(parties)).toEqual(ALL_ARRIVED);
  await harness.httpEndpoint.lambda.stop();
});

test.each(['refused', 'answer_lost'] as const)(
  'while calls to SQS fail (%s), every SDK sends again',
  async (failure) => {
    // One of each way to treat a 503, since each request takes a third of a second.
    const names = ['Kotlin', 'Android (Java)', 'Node 2 and 3'];
    const parties = startSdks({ rules: SDK_RULES.filter(({ name }) => names.includes(name)) });
    network.failNext(Array.from({ length: 4 * names.length }, () => failure));
    expect(await oneRound(sdksOf(parties))).toEqual(names.map(() => 503));
    await allRounds(sdksOf(parties));
    expect(await outcome(parties)).toEqual(ALL_ARRIVED);
  },
);

test('a disabled source costs only those SDKs their events that delete a batch after a 404', async () => {
  const parties = startSdks({ rules: WITH_KEY });
  harness.httpEndpoint.setKeys(KEYS.replace('["retired"]', '["retired","app"]'));
  await harness.httpEndpoint.lambda.stop();
  expect(new Set(await oneRound(sdksOf(parties)))).toEqual(new Set([404]));
  harness.httpEndpoint.setKeys(KEYS);
  await harness.httpEndpoint.lambda.stop();
  const keeping = parties.filter(({ sdk }) => sdk.lost().length === 0);
  expect(keeping.map(({ sdk }) => sdk.name)).toEqual(['Kotlin', 'Swift', 'Android (Java)', 'iOS (Objective-C)', 'Go']);
  // Kotlin and Swift send nothing until they start again.
  for (const { sdk } of keeping.filter((party) => party.sdk.next() === undefined)) sdk.restart();
  await allRounds(sdksOf(keeping));
  expect(await outcome(keeping)).toEqual(ALL_ARRIVED);
});

test('the largest batch that an SDK makes is accepted', async () => {
  // Python has the largest batches, and then the Web SDK.
  const largest = SDK_RULES.filter(({ name }) => ['Python', 'Web 3, batches'].includes(name));
  const properties = { text: 'x'.repeat(45 * 1024) };
  for (const rule of largest) {
    const parties = startSdks({ rules: [rule], count: Math.min(101, rule.most.events + 1), properties });
    await allRounds(sdksOf(parties));
    expect(await outcome(parties)).toEqual(ALL_ARRIVED);
  }
});

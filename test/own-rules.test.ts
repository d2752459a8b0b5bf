import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { isArray, isObject, type JsonObject } from '../lib/json.ts';
import { CALM, runWorld, type World, type WorldOptions } from '../local/virtual/world.ts';
import { attributesOf, startHarness, type Harness } from './support/lambda-harness.ts';

/** What the settings turn on that are off by default: in the built bundle, and in virtual time. */

const json = JSON.stringify;
const OWN_RULES = readFileSync(join(__dirname, '..', 'events', 'own-rules', 'settings.json'), 'utf8');

describe('the built bundle', () => {
  let harness: Harness;

  beforeEach(async () => {
    harness = await startHarness({ DESTINATION_CONFIG: OWN_RULES });
  });
  afterEach(async () => {
    await harness.stop();
  });

  test('sends the samples: pages, screens and sessions as events, groups as accounts and users', async () => {
    const samples: unknown = JSON.parse(
      readFileSync(join(__dirname, '..', 'events', 'own-rules', 'events.json'), 'utf8'),
    );
    for (const sample of isArray(samples) ? samples : []) await harness.send(json(sample));
    expect((await harness.invokeOnce()).givenBack).toEqual([]);
    const { events, users, accounts } = harness.heapServer.heap.contents();
    const sent = events.map(({ event, identity, user_id: user, session_id: session }) =>
      [event, identity, user, session].filter((one) => one !== undefined),
    );
    expect(sent.toSorted()).toEqual([
      ['Order Completed', 'ada@example.com', '3862583763829764'],
      ['Page viewed', 'ada@example.com'],
      ['Screen viewed', 'ada@example.com'],
      ['Video Watched', '6839204017283946'],
    ]);
    expect(accounts).toEqual([
      { appId: '11', accountId: 'acme', properties: { name: 'Acme Ltd', plan: 'team', 'address.city': 'London' } },
    ]);
    expect(users).toEqual([{ appId: '11', identity: 'ada@example.com', properties: { 'Account ID': 'acme' } }]);
    expect(await harness.deadLetters()).toEqual([]);
    expect(harness.logs.join('\n')).toContain('"reason":"anonymous"');
    expect(harness.logs.join('\n')).toContain('HeapIdsDropped');
  });

  test('dead-letters alone a page that Heap refuses, and a group of no account, with their reasons', async () => {
    harness.heapServer.heap.refuse(({ properties }) => isObject(properties) && properties['name'] === 'Bad');
    const page = (name: string): JsonObject => ({ type: 'page', name, userId: 'u', messageId: `m-${name}` });
    const nobody = { type: 'group', userId: 'u', groupId: 'null', traits: { plan: 'pro' } };
    await harness.send(json({ batch: [page('One'), page('Bad'), nobody, page('Two')] }));
    expect((await harness.invokeOnce()).givenBack).toEqual([]);
    const deadLetters = await harness.deadLetters();
    expect(deadLetters.map((one) => [one.Body, attributesOf(one)['reason']]).toSorted()).toEqual([
      [json(nobody), 'missing_group'],
      [json(page('Bad')), 'heap_refused'],
    ]);
    const names = harness.heapServer.heap
      .contents()
      .events.map(({ properties }) => isObject(properties) && properties['name']);
    expect(names.toSorted()).toEqual(['One', 'Two']);
  });
});

const CONFIG: JsonObject = { groupAccounts: true, accountIdProperty: 'account' };
const group = (index: number, more: object = {}): { body: string } => ({
  body: json({ type: 'group', userId: `u-${index}`, groupId: `a-${index}`, traits: { n: index }, ...more }),
});

async function run(options: Partial<WorldOptions> & Pick<WorldOptions, 'bodies'>): Promise<World> {
  return await runWorld({ ...CALM, config: CONFIG, ...options });
}

const pathsOf = ({ attempts }: World): readonly string[] => attempts.map(({ path }) => path);

test('3000 groups of 3000 accounts make 3 requests', async () => {
  const bodies = Array.from({ length: 3000 }, (_, index) => group(index));
  const world = await run({ bodies, batchSize: 10_000, config: { groupAccounts: true } });
  expect(pathsOf(world)).toEqual(Array.from({ length: 3 }, () => '/api/add_account_properties'));
  expect(world.heap.contents().accounts).toHaveLength(3000);
});

test('without the settings a page and a group are no requests', async () => {
  const world = await run({
    bodies: [group(1), { body: json({ type: 'page', userId: 'u', name: 'Home' }) }],
    config: {},
  });
  expect(world.attempts).toEqual([]);
  expect(world.reports.flatMap(({ outcomes }) => outcomes)).toEqual(
    Array.from({ length: 2 }, () => ({ kind: 'filtered', reason: 'unsupported_type' })),
  );
});

describe('a group that sets an account and a user', () => {
  test.each(['add_account_properties', 'add_user_properties'] as const)(
    'is delivered once both are, while Heap fails for %s for an hour',
    async (call) => {
      const what = { kind: 'status', status: 503 } as const;
      const world = await run({
        bodies: [group(1), group(2)],
        outages: [{ fromMs: 0, toMs: 60 * 60 * 1000, what, call }],
      });
      expect(world.durationMs).toBeGreaterThanOrEqual(60 * 60 * 1000);
      expect(world.deadLetters).toEqual([]);
      const { accounts, users } = world.heap.contents();
      expect(accounts.map(({ accountId }) => accountId).toSorted()).toEqual(['a-1', 'a-2']);
      expect(users.map(({ properties }) => properties['account']).toSorted()).toEqual(['a-1', 'a-2']);
      const delivered = world.reports.flatMap(({ outcomes }) => outcomes).filter(({ kind }) => kind === 'delivered');
      expect(delivered).toHaveLength(2);
    },
  );

  test.each([
    ['the account', 'n'],
    ['the user', 'account'],
  ])('is dead-lettered as a whole when Heap refuses %s, and the others are delivered', async (_, name) => {
    const isBad = ({ properties }: JsonObject): boolean =>
      isObject(properties) && (properties[name] === 2 || properties[name] === 'a-2');
    const world = await run({ bodies: [1, 2, 3].map((index) => group(index)), isBad });
    expect(world.deadLetters.map(({ body, attributes }) => [body, attributes?.['reason']?.StringValue])).toEqual([
      [group(2).body, 'heap_refused'],
    ]);
    const { accounts, users } = world.heap.contents();
    expect(accounts.map(({ accountId }) => accountId)).toEqual(expect.arrayContaining(['a-1', 'a-3']));
    expect(users.map(({ identity }) => identity)).toEqual(expect.arrayContaining(['u-1', 'u-3']));
  });

  test('counts as one event', async () => {
    const world = await run({ bodies: [group(1)] });
    expect(world.reports.flatMap(({ outcomes }) => outcomes)).toEqual([{ kind: 'delivered' }]);
    expect(pathsOf(world)).toEqual(['/api/add_user_properties', '/api/add_account_properties']);
  });
});

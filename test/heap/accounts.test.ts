import fc from 'fast-check';
import { ENDPOINTS } from '../../lib/heap/api.ts';
import { bodyBytesOf, halve, isSingle, writeBody, type BulkRequest, type PendingCall } from '../../lib/heap/bulk.ts';
import { createHeapClient } from '../../lib/heap/client.ts';
import { createRateLimiter, rateLimitsFor } from '../../lib/heap/rate-limiter.ts';
import { createHeap } from '../../local/heap-simulator/heap.ts';
import { accountOf, namesIn, requestsOf, trackOf, userOf } from './calls.ts';
import { namesOf, startContainer } from './container.ts';

const bodyOf = (request: BulkRequest): string => writeBody(request, Buffer.alloc(bodyBytesOf(request))).toString();

const accepted = { kind: 'delivered' } as const;
const refused = { kind: 'refused', status: 400, detail: 'Heap answered 400' } as const;

const accounts = (count: number): PendingCall[] =>
  Array.from({ length: count }, (_, index) => accountOf(`account-${index}`, { [`p-${index}`]: 1 }));

test('the bodies have Heap’s bulk form; users come before accounts, and both before events', () => {
  const calls = [trackOf('k', { identity: 'u' }), accountOf('acme', { plan: 'pro' }), userOf('u', { account: 'acme' })];
  expect(requestsOf(calls).map((request): unknown => JSON.parse(bodyOf(request)))).toEqual([
    { app_id: '11', users: [{ identity: 'u', properties: { account: 'acme' } }] },
    { app_id: '11', accounts: [{ account_id: 'acme', properties: { plan: 'pro' } }] },
    { app_id: '11', events: [{ identity: 'u', event: 'A', properties: {}, idempotency_key: 'k' }] },
  ]);
});

test('3000 groups of 3000 accounts make 3 requests, and 3000 groups of one account make one entry', () => {
  expect(requestsOf(accounts(3000)).map(({ entries }) => entries.length)).toEqual([1000, 1000, 1000]);
  const ofOne = Array.from({ length: 3000 }, (_, index) => accountOf('acme', { [`p-${index % 7}`]: index }));
  expect(requestsOf(ofOne).map(({ entries }) => entries.length)).toEqual([1]);
});

test('a user and an account with the same id are two entries', () => {
  expect(requestsOf([userOf('x', { a: 1 }), accountOf('x', { a: 2 })])).toHaveLength(2);
});

/** What Heap holds after requests that it gets in this order. */
function held(requests: readonly BulkRequest[]): unknown {
  const heap = createHeap(() => 0);
  for (const request of requests) heap.handle(request.kind, bodyOf(request));
  const { accounts: known, users } = heap.contents();
  const byId = known.toSorted((a, b) => (a.accountId < b.accountId ? -1 : 1));
  return [byId.map(({ accountId, properties }) => [accountId, properties]), users];
}

/** All parts of a request, split as far as possible, earlier ones first. */
function parts(request: BulkRequest): BulkRequest[] {
  const [first, second] = halve(request) ?? [];
  return first === undefined || second === undefined ? [request] : [...parts(first), ...parts(second)];
}

test('the latest value of each property of an account wins, in whatever order its groups come, and however they are split', () => {
  const update = fc.record({ account: fc.nat(2), name: fc.constantFrom('a', 'b', 'c'), value: fc.nat(9) });
  const updates = fc.array(update, { minLength: 1, maxLength: 12 });
  const shuffled = updates.chain((list) => {
    const indexed = list.map((one, time) => ({ ...one, time }));
    return fc.tuple(fc.constant(indexed), fc.shuffledSubarray(indexed, { minLength: indexed.length }));
  });
  fc.assert(
    fc.property(shuffled, ([inOrder, anyOrder]) => {
      const callOf = ({ account, name, value, time }: (typeof inOrder)[number]): PendingCall =>
        accountOf(`account-${account}`, { [name]: value }, { time: time * 1000 });
      const expected = held(inOrder.flatMap((one) => requestsOf([callOf(one)])));
      const requests = requestsOf(anyOrder.map(callOf));
      expect(held(requests)).toEqual(expected);
      const single = requests.flatMap(parts);
      expect(single.every(isSingle)).toBe(true);
      expect(held(single)).toEqual(expected);
    }),
  );
});

test('a bad account is found among a thousand, and the others are delivered', async () => {
  const container = startContainer((request) => (namesIn(request).includes('p-700') ? refused : accepted));
  await container.invoke(accounts(1000));
  await container.invoke(accounts(1000));
  expect(namesOf(container, 'rejected')).toEqual(['p-700']);
  expect(namesOf(container, 'delivered')).toHaveLength(999);
});

test('when Heap refuses all accounts, that says nothing about users and events', async () => {
  const container = startContainer(({ kind }) => (kind === 'add_account_properties' ? refused : accepted));
  await container.invoke([...accounts(40), userOf('u', { a: 1 }), trackOf('e')]);
  expect(namesOf(container, 'delivered').toSorted()).toEqual(['a', 'e']);
  expect(namesOf(container, 'deferred')).toHaveLength(40);
});

test('accounts that fail open no circuit of users and events, have no rate limit, and have their own path', async () => {
  let now = 0;
  const asked: string[] = [];
  const client = createHeapClient({
    baseUrl: 'https://heap',
    transport: async (url) => {
      asked.push(url.replace('https://heap', ''));
      const status = url.endsWith(ENDPOINTS.add_account_properties.path) ? 503 : 200;
      return { kind: 'answered', status, body: '', retryAfter: undefined };
    },
    clock: { now: () => now, sleep: async (ms) => void (now += ms) },
    random: () => 0.5,
    rateLimiter: createRateLimiter(rateLimitsFor(1)),
    onAttempt: () => undefined,
  });
  const [request] = requestsOf(accounts(1000));
  const others = requestsOf([userOf('u', { a: 1 }), trackOf('e')]);
  if (request === undefined) throw new Error('no request');
  for (let time = 0; time < 4; time += 1) await client.send(request, now + 50_000);
  const before = asked.length;
  expect(await client.send(request, now + 50_000)).toMatchObject({ kind: 'deferred', reason: 'circuit_open' });
  expect(asked).toHaveLength(before);
  for (const other of others) expect(await client.send(other, now + 50_000)).toEqual(accepted);
  expect(new Set(asked)).toEqual(new Set(['/api/add_account_properties', '/api/add_user_properties', '/api/track']));
});

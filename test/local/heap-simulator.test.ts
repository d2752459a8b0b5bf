import type { HeapCallKind } from '../../lib/heap/api.ts';
import { createHeap, HEAP_RULES } from '../../local/heap-simulator/heap.ts';

let time = 0;
const now = (): number => time;
const event = { identity: 'u', event: 'A', properties: { a: 1 }, idempotency_key: 'k' };
const user = { identity: 'u', properties: { a: 1 } };

function statusOf(kind: HeapCallKind, body: unknown): number {
  return createHeap(now).handle(kind, typeof body === 'string' ? body : JSON.stringify(body)).status;
}

describe('shapes', () => {
  test.each<[string, unknown, number]>([
    ['the single form', { app_id: '1', ...event }, 200],
    ['the bulk form', { app_id: '1', events: [event] }, 200],
    ['a genuine user_id', { app_id: '1', events: [{ ...event, identity: undefined, user_id: '123' }] }, 200],
    ['a user_id of 2^53 - 1', { app_id: '1', ...event, identity: undefined, user_id: '9007199254740991' }, 200],
    ['a user_id of 2^53', { app_id: '1', ...event, identity: undefined, user_id: '9007199254740992' }, 400],
    ['a user_id that is a number', { app_id: '1', ...event, identity: undefined, user_id: 123 }, 400],
    ['a session', { app_id: '1', ...event, session_id: '18446744073709551615' }, 200],
    ['a session that is no number', { app_id: '1', ...event, session_id: 's-1' }, 400],
    ['not JSON', '{', 400],
    ['no app_id', { events: [event] }, 400],
    ['an app_id that is not a string', { app_id: 1, events: [event] }, 400],
    ['no events', { app_id: '1', events: [] }, 400],
    ['1000 events', { app_id: '1', events: Array.from({ length: 1000 }, () => event) }, 200],
    ['1001 events', { app_id: '1', events: Array.from({ length: 1001 }, () => event) }, 400],
    ['neither identity nor user_id', { app_id: '1', events: [{ ...event, identity: undefined }] }, 400],
    ['both', { app_id: '1', events: [{ ...event, user_id: '1' }] }, 400],
    ['an identity of 256', { app_id: '1', events: [{ ...event, identity: 'x'.repeat(256) }] }, 400],
    ['an identity that is a number', { app_id: '1', events: [{ ...event, identity: 5 }] }, 400],
    ['an event name of 1025', { app_id: '1', events: [{ ...event, event: 'x'.repeat(1025) }] }, 400],
    ['no event name', { app_id: '1', events: [{ ...event, event: undefined }] }, 400],
    ['a string of 1024', { app_id: '1', events: [{ ...event, properties: { a: 'x'.repeat(1024) } }] }, 400],
    ['a key of 513', { app_id: '1', events: [{ ...event, properties: { ['k'.repeat(513)]: 1 } }] }, 400],
    ['a nested property', { app_id: '1', events: [{ ...event, properties: { a: {} } }] }, 400],
    ['a property of null', { app_id: '1', events: [{ ...event, properties: { a: null } }] }, 400],
    ['a timestamp that is not a date', { app_id: '1', events: [{ ...event, timestamp: 'soon' }] }, 400],
    ['an idempotency key that is not a string', { app_id: '1', events: [{ ...event, idempotency_key: 5 }] }, 400],
  ])('track: %s', (_, body, status) => {
    expect(statusOf('track', body)).toBe(status);
  });

  test.each<[string, unknown, number]>([
    ['the bulk form', { app_id: '1', users: [user] }, 200],
    ['no identity', { app_id: '1', users: [{ properties: {} }] }, 400],
    ['the reserved name ID', { app_id: '1', users: [{ identity: 'u', properties: { ID: 1 } }] }, 400],
    ['the reserved name user_id', { app_id: '1', users: [{ identity: 'u', properties: { user_id: 1 } }] }, 400],
  ])('add_user_properties: %s', (_, body, status) => {
    expect(statusOf('add_user_properties', body)).toBe(status);
  });
});

test.each<[string, unknown, number]>([
  ['the single form', { app_id: '1', account_id: 'a', properties: { plan: 'pro' } }, 200],
  ['the bulk form', { app_id: '1', accounts: [{ account_id: 'a', properties: { id: 7 } }] }, 200],
  ['1001 accounts', { app_id: '1', accounts: Array.from({ length: 1001 }, () => ({ account_id: 'a' })) }, 400],
  ['no account id', { app_id: '1', accounts: [{ properties: {} }] }, 400],
  ['an account id that is a number', { app_id: '1', accounts: [{ account_id: 5, properties: {} }] }, 400],
  ['an account id of 1024', { app_id: '1', accounts: [{ account_id: 'x'.repeat(1024) }] }, 400],
  ['a nested property', { app_id: '1', accounts: [{ account_id: 'a', properties: { b: {} } }] }, 400],
])('add_account_properties: %s', (_, body, status) => {
  expect(statusOf('add_account_properties', body)).toBe(status);
});

test('an account keeps the last value of each property, for each app', () => {
  const heap = createHeap(now);
  for (const [appId, properties] of [
    ['1', { a: 1, b: 1 }],
    ['1', { b: 2 }],
    ['2', { b: 3 }],
  ] as const) {
    heap.handle(
      'add_account_properties',
      JSON.stringify({ app_id: appId, accounts: [{ account_id: 'x', properties }] }),
    );
  }
  expect(heap.contents().accounts).toEqual([
    { appId: '1', accountId: 'x', properties: { a: 1, b: 2 } },
    { appId: '2', accountId: 'x', properties: { b: 3 } },
  ]);
});

test('the first event with an idempotency key is kept, and the last value of a user property', () => {
  const heap = createHeap(now);
  heap.handle('track', JSON.stringify({ app_id: '1', events: [event, { ...event, event: 'B' }] }));
  heap.handle('add_user_properties', JSON.stringify({ app_id: '1', users: [user] }));
  heap.handle(
    'add_user_properties',
    JSON.stringify({ app_id: '1', users: [{ identity: 'u', properties: { a: 2, b: 3 } }] }),
  );
  expect(heap.contents()).toEqual({
    events: [{ app_id: '1', ...event }],
    users: [{ appId: '1', identity: 'u', properties: { a: 2, b: 3 } }],
    accounts: [],
  });
  expect(heap.counts()).toMatchObject({ requests: 3, duplicates: 1 });
});

test('one bad entry fails the whole request, or only itself, depending on the rules', () => {
  const body = JSON.stringify({ app_id: '1', events: [event, { ...event, identity: '' }] });
  for (const [isAtomic, stored] of [
    [true, 0],
    [false, 1],
  ] as const) {
    const heap = createHeap(now, { ...HEAP_RULES, isAtomic });
    expect(heap.handle('track', body).status).toBe(400);
    expect(heap.contents().events).toHaveLength(stored);
  }
});

test('the rate limits apply to an identity and to an app, in a sliding window of a minute', () => {
  const heap = createHeap(now);
  const send = (identity: (index: number) => string, count = 1000): number =>
    heap.handle(
      'track',
      JSON.stringify({
        app_id: '1',
        events: Array.from({ length: count }, (_, index) => ({ ...event, identity: identity(index) })),
      }),
    ).status;
  expect(send(() => 'noisy')).toBe(200);
  expect(send(() => 'noisy', 1)).toBe(429);
  for (let request = 1; request < 15; request += 1) expect(send((index) => `u-${index}`)).toBe(200);
  expect(send(() => 'another', 1)).toBe(429);
  time += 59_999;
  expect(send(() => 'another', 1)).toBe(429);
  time += 1;
  expect(send(() => 'another', 1)).toBe(200);
});

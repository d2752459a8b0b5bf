import type { HeapCall } from '../../lib/heap/api.ts';
import { bodyOf, groupByApp, halve, toRequests, type BulkRequest, type PendingCall } from '../../lib/heap/bulk.ts';

function track(identity: string, key: string, appId = '11'): PendingCall {
  const payload = { identity, event: 'A', properties: {}, idempotency_key: key };
  return { call: { kind: 'track', appId, payload }, arrivedAt: 0 };
}

function user(identity: string, properties: Record<string, string>, time?: number, arrivedAt = 0): PendingCall {
  const timestamp = time === undefined ? undefined : new Date(time).toISOString();
  const call: HeapCall = { kind: 'add_user_properties', appId: '11', payload: { identity, properties }, timestamp };
  return { call, arrivedAt };
}

function pack(calls: readonly PendingCall[], limits = { items: 1000, bytes: 1_000_000 }): BulkRequest[] {
  return [...groupByApp(calls).values()].flat().flatMap((group) => toRequests(group, limits));
}

const parsed = (request: BulkRequest): unknown => JSON.parse(bodyOf(request));

test('the bodies have Heap’s bulk form', () => {
  expect(pack([track('u', 'k'), user('u', { a: 'x' })]).map(parsed)).toEqual([
    { app_id: '11', users: [{ identity: 'u', properties: { a: 'x' } }] },
    { app_id: '11', events: [{ identity: 'u', event: 'A', properties: {}, idempotency_key: 'k' }] },
  ]);
});

test('a request holds one app, and no more entries and bytes than allowed', () => {
  const calls = Array.from({ length: 25 }, (_, index) => track('u', `key-${index}`, index % 2 === 0 ? '1' : '2'));
  expect(pack(calls, { items: 10, bytes: 1e6 }).map(({ appId, entries }) => [appId, entries.length])).toEqual([
    ['1', 10],
    ['1', 3],
    ['2', 10],
    ['2', 2],
  ]);
  for (const request of pack(calls, { items: 1000, bytes: 300 })) {
    expect(bodyOf(request).length).toBeLessThanOrEqual(300 + bodyOf({ ...request, entries: [] }).length);
    expect(request.entries.length).toBeGreaterThan(0);
  }
});

test('an entry that is larger than a request may be goes alone', () => {
  const large = track('u', 'x'.repeat(500));
  expect(
    pack([track('u', 'a'), large, track('u', 'b')], { items: 10, bytes: 200 }).map(({ entries }) => entries.length),
  ).toEqual([1, 1, 1]);
});

describe('entries', () => {
  test('an event that comes twice is sent once; of another user it is another event', () => {
    const [request] = pack([track('u', 'k'), track('u', 'k'), track('v', 'k')]);
    expect(request?.entries.map(({ calls }) => calls.length)).toEqual([2, 1]);
  });

  test('user properties are merged, the later time wins whatever the order', () => {
    const [request] = pack([user('u', { a: 'new', b: '1' }, 200), user('u', { a: 'old', c: '2' }, 100)]);
    expect(request?.entries.map(({ json }): unknown => JSON.parse(json))).toEqual([
      { identity: 'u', properties: { a: 'new', b: '1', c: '2' } },
    ]);
  });

  test('without a time of its own a call counts from its arrival, and equal times keep their order', () => {
    const [request] = pack([
      user('u', { a: 'second' }, undefined, 200),
      user('u', { a: 'first' }, 100),
      user('u', { a: 'third' }, 200),
    ]);
    expect(request?.entries.map(({ json }): unknown => JSON.parse(json))).toEqual([
      { identity: 'u', properties: { a: 'third' } },
    ]);
  });
});

describe('halving', () => {
  test('parts the entries, then the calls of the last entry, the earlier first', () => {
    const [request] = pack([
      user('u', { a: '1' }, 1),
      user('u', { a: '2' }, 2),
      user('u', { b: '3' }, 3),
      user('v', { a: '4' }, 4),
    ]);
    if (request === undefined) throw new Error('no request');
    const [first, second] = halve(request) ?? [];
    expect(first === undefined ? [] : parsed(first)).toMatchObject({
      users: [{ identity: 'u', properties: { a: '2', b: '3' } }],
    });
    expect(second === undefined ? [] : parsed(second)).toMatchObject({ users: [{ identity: 'v' }] });
    const parts = first === undefined ? undefined : halve(first);
    expect(parts?.map(parsed)).toMatchObject([
      { users: [{ identity: 'u', properties: { a: '2' } }] },
      { users: [{ identity: 'u', properties: { b: '3' } }] },
    ]);
    expect(second === undefined ? undefined : halve(second)).toBeUndefined();
  });
});

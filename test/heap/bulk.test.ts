import fc from 'fast-check';
import {
  bodyBytesOf,
  BULK_LIMITS,
  groupByApp,
  halve,
  isSingle,
  toRequests,
  writeBody,
  type BulkRequest,
  type PendingCall,
} from '../../lib/heap/bulk.ts';
import { namesIn, trackOf, tracksOf, userOf } from './calls.ts';

function batch(calls: readonly PendingCall[], limits = { items: 1000, bytes: 1_000_000 }): BulkRequest[] {
  return [...groupByApp(calls).values()].flat().flatMap((group) => toRequests(group, limits));
}

const bodyOf = (request: BulkRequest): string => writeBody(request, Buffer.alloc(bodyBytesOf(request))).toString();
const bytesOf = (call: PendingCall): number => batch([call])[0]?.entries[0]?.bytes ?? 0;
const parsed = (request: BulkRequest): unknown => JSON.parse(bodyOf(request));

test('the bodies have Heap’s bulk form, and user properties come before events', () => {
  expect(batch([trackOf('k', { identity: 'u' }), userOf('u', { a: 'x' })]).map(parsed)).toEqual([
    { app_id: '11', users: [{ identity: 'u', properties: { a: 'x' } }] },
    { app_id: '11', events: [{ identity: 'u', event: 'A', properties: {}, idempotency_key: 'k' }] },
  ]);
});

test('a request holds one app, and no more entries than allowed', () => {
  const calls = Array.from({ length: 25 }, (_, index) =>
    trackOf(`key-${index}`, { appId: index % 2 === 0 ? '1' : '2' }),
  );
  expect(batch(calls, { items: 10, bytes: 1e6 }).map(({ appId, entries }) => [appId, entries.length])).toEqual([
    ['1', 10],
    ['1', 3],
    ['2', 10],
    ['2', 2],
  ]);
});

test('a body is written into the beginning of a buffer, byte for byte as JSON, and its length is known before', () => {
  // Lone halves of characters, controls and characters of two to four bytes, also in the app id and over what was in the buffer.
  const text = fc.string({ unit: 'binary', maxLength: 8 });
  fc.assert(
    fc.property(text, fc.array(text, { maxLength: 20 }), fc.nat({ max: 50 }), (appId, texts, room) => {
      const calls = texts.map((one, index) => trackOf(`e-${index}`, { appId, identity: 'u', padding: one }));
      for (const group of [...groupByApp(calls).values(), [{ kind: 'track', appId, entries: [] } as const]].flat()) {
        const bytes = bodyBytesOf(group);
        const body = writeBody(group, Buffer.alloc(bytes + room, 'x'));
        expect(body).toHaveLength(bytes);
        const written: unknown = JSON.parse(body.toString());
        expect(written).toEqual({ app_id: appId, events: group.entries.map(({ json }): unknown => JSON.parse(json)) });
      }
    }),
  );
});

test('a body is never larger than the limit in bytes, commas included, and no request could hold one entry more', () => {
  // Many small entries, for which a comma each counts, and limits that they fill to the last byte.
  const paddings = fc.array(fc.integer({ min: 0, max: 20 }), { minLength: 1, maxLength: 60 });
  fc.assert(
    fc.property(paddings, fc.integer({ min: 300, max: 2000 }), (lengths, bytes) => {
      const calls = lengths.map((length, index) => trackOf(`e-${index}`, { padding: 'x'.repeat(length) }));
      const requests = batch(calls, { items: 1000, bytes });
      expect(requests.flatMap(namesIn)).toEqual(lengths.map((_, index) => `e-${index}`));
      const bytesWith = (request: BulkRequest, more: BulkRequest['entries']): number =>
        Buffer.byteLength(bodyOf({ ...request, entries: [...request.entries, ...more] }));
      for (const [index, request] of requests.entries()) {
        expect(request.entries.length === 1 || bytesWith(request, []) <= bytes).toBe(true);
        const next = requests[index + 1]?.entries.slice(0, 1);
        // A comma behind the last entry is counted too: one byte of each request may stay free.
        expect(next === undefined || bytesWith(request, next) >= bytes).toBe(true);
      }
    }),
  );
});

test('the limit in bytes holds for the requests that are really made', () => {
  // A thousand entries of 1048 bytes fit into 1 MiB; with their commas they do not.
  const keys = Array.from({ length: 1000 }, (_, index) => `e-${index}`.padEnd(6, '-'));
  const shortest = bytesOf(trackOf(keys[0] ?? '', { identity: 'u-padded', padding: 'x' })) - 1;
  const calls = keys.map((key) => trackOf(key, { identity: 'u-padded', padding: 'x'.repeat(1048 - shortest) }));
  expect(calls.map(bytesOf)).toEqual(calls.map(() => 1048));
  const requests = batch(calls, BULK_LIMITS);
  expect(requests.length).toBeGreaterThan(1);
  for (const request of requests) expect(Buffer.byteLength(bodyOf(request))).toBeLessThanOrEqual(BULK_LIMITS.bytes);
});

test('bytes are counted, not characters', () => {
  const calls = ['a', 'b', 'c', 'd'].map((key) => trackOf(key, { padding: 'ü'.repeat(100) }));
  for (const request of batch(calls, { items: 1000, bytes: 700 }))
    expect(Buffer.byteLength(bodyOf(request))).toBeLessThanOrEqual(700);
});

test('an entry that is larger than a request may be goes alone', () => {
  const large = trackOf('x'.repeat(500), { identity: 'u' });
  expect(
    batch([trackOf('a', { identity: 'u' }), large, trackOf('b', { identity: 'u' })], { items: 10, bytes: 200 }).map(
      ({ entries }) => entries.length,
    ),
  ).toEqual([1, 1, 1]);
});

describe('entries that need smaller requests', () => {
  const small = (key: string, mostEntries: number): PendingCall => ({ ...trackOf(key), mostEntries });

  test('come after all others, the smallest last, and never exceed their size or that of the request', () => {
    const calls = [
      small('b', 2),
      small('a', 1),
      small('d', 2),
      trackOf('e'),
      small('f', 2),
      small('g', 50),
      trackOf('h'),
    ];
    expect(batch(calls, { items: 3, bytes: 1e6 }).map(namesIn)).toEqual([['e', 'h'], ['g'], ['b', 'd'], ['f'], ['a']]);
  });

  test('pass their size on to the entry that they are merged into: the smallest counts', () => {
    const calls = [
      { ...userOf('u', { a: 1 }), mostEntries: 7 },
      userOf('u', { b: 1 }),
      { ...userOf('u', { c: 1 }), mostEntries: 3 },
      userOf('v', { d: 1 }),
    ];
    const requests = batch(calls);
    expect(requests.map(({ entries }) => entries.map(({ mostEntries }) => mostEntries))).toEqual([[Infinity], [3]]);
  });
});

describe('entries', () => {
  test('an event that comes twice is sent once; the same key of another user is another event', () => {
    const [request] = batch([
      trackOf('k', { identity: 'u' }),
      trackOf('k', { identity: 'u' }),
      trackOf('k', { identity: 'v' }),
    ]);
    expect(request?.entries.map(({ calls }) => calls.length)).toEqual([2, 1]);
  });

  test('events with the same key but other content are two entries: Heap decides which one counts', () => {
    const [request] = batch([
      trackOf('k', { identity: 'u' }),
      trackOf('k', { identity: 'u', padding: 'x' }),
      trackOf('k', { identity: 'u' }),
    ]);
    expect(request?.entries.map(({ calls }) => calls.length)).toEqual([2, 1]);
  });

  test('events of other times or names are not the same', () => {
    const event = { identity: 'u', event: 'A', properties: {}, idempotency_key: 'k' };
    const calls = [event, { ...event, timestamp: '2026-01-01T00:00:00Z' }, { ...event, event: 'B' }, event].map(
      (payload): PendingCall => ({ call: { kind: 'track', appId: '11', payload }, arrivedAt: 0 }),
    );
    expect(batch(calls)[0]?.entries.map(({ calls: same }) => same.length)).toEqual([2, 1, 1]);
  });

  test('an event of somebody whom only Heap knows counts for its user_id', () => {
    const payload = { user_id: '42', event: 'A', properties: {}, idempotency_key: 'k' };
    const [request] = batch([{ call: { kind: 'track', appId: '11', payload }, arrivedAt: 0 }]);
    expect(request?.entries.map(({ identity }) => identity)).toEqual(['42']);
    expect(request && parsed(request)).toEqual({ app_id: '11', events: [payload] });
  });

  test('whatever line breaks identities and keys have: only events that are identical are merged', () => {
    const text = fc.string({ unit: fc.constantFrom('a', '\n', '"', ' '), maxLength: 4 });
    fc.assert(
      fc.property(fc.array(fc.tuple(text, text), { maxLength: 30 }), (ids) => {
        const requests = batch(ids.map(([identity, key]) => trackOf(key, { identity })));
        const sent = requests.flatMap(({ entries }) => entries.map(({ json }) => json));
        const wanted = new Set(ids.map(([identity, key]) => JSON.stringify([identity, key])));
        expect(sent).toHaveLength(wanted.size);
      }),
    );
    const [request] = batch([trackOf('c', { identity: 'a\nb' }), trackOf('b\nc', { identity: 'a' })]);
    expect(request?.entries).toHaveLength(2);
  });

  test('130,000 calls of one user make one entry, which can be halved', () => {
    const calls = Array.from({ length: 130_000 }, (_, index) => userOf('u', { [`p-${index % 100}`]: index }));
    const [request] = batch(calls);
    expect(request?.entries.map((entry) => entry.calls.length)).toEqual([130_000]);
    const { users }: { users: { properties: Record<string, number> }[] } = JSON.parse(request ? bodyOf(request) : '{}');
    expect(users[0]?.properties['p-99']).toBe(129_999);
    const halves = request === undefined ? [] : (halve(request) ?? []);
    expect(halves.map(({ entries }) => entries[0]?.calls.length)).toEqual([65_000, 65_000]);
  });

  test('130,000 times the same event is one entry', () => {
    const calls = Array.from({ length: 130_000 }, () => trackOf('k', { identity: 'u' }));
    expect(batch(calls)[0]?.entries.map((entry) => entry.calls.length)).toEqual([130_000]);
  });

  test('user properties of one user are merged, and the later time wins in whatever order they come', () => {
    const [request] = batch([
      userOf('u', { a: 'new', b: '1' }, { time: 200 }),
      userOf('u', { a: 'old', c: '2' }, { time: 100 }),
    ]);
    expect(request?.entries.map(({ json }): unknown => JSON.parse(json))).toEqual([
      { identity: 'u', properties: { a: 'new', b: '1', c: '2' } },
    ]);
  });

  test('a call without a time of its own counts from its arrival, and equal times keep their order', () => {
    const [request] = batch([
      userOf('u', { a: 'second' }, { arrivedAt: 200 }),
      userOf('u', { a: 'first' }, { time: 100 }),
      userOf('u', { a: 'third' }, { time: 200 }),
    ]);
    expect(request?.entries.map(({ json }): unknown => JSON.parse(json))).toEqual([
      { identity: 'u', properties: { a: 'third' } },
    ]);
  });
});

describe('halving', () => {
  test('splits the entries, then the calls of an entry that stands alone, the earlier first', () => {
    const [request] = batch([
      userOf('u', { a: '1' }, { time: 1 }),
      userOf('u', { a: '2' }, { time: 2 }),
      userOf('u', { b: '3' }, { time: 3 }),
      userOf('v', { a: '4' }, { time: 4 }),
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

  test('of an odd number puts one more into the first half', () => {
    const [request] = batch(tracksOf(5));
    const parts = request === undefined ? undefined : halve(request);
    expect(parts?.map(namesIn)).toEqual([
      ['e-0', 'e-1', 'e-2'],
      ['e-3', 'e-4'],
    ]);
  });

  test('does not split the calls of an event: they are the same, so that Heap would answer the same', () => {
    const [request] = batch([trackOf('k', { identity: 'u' }), trackOf('k', { identity: 'u' })]);
    expect(request === undefined ? [] : halve(request)).toBeUndefined();
  });

  test('keeps the size that an entry needs with its parts', () => {
    const [request] = batch([
      { ...userOf('u', { a: 1 }, { time: 1 }), mostEntries: 5 },
      { ...userOf('u', { b: 1 }, { time: 2 }), mostEntries: 3 },
    ]);
    const parts = request === undefined ? undefined : halve(request);
    expect(parts?.map(({ entries }) => entries[0]?.mostEntries)).toEqual([5, 3]);
  });

  test('is possible unless a request is a single call, or a single event', () => {
    const requests = [
      ...batch([trackOf('a'), trackOf('b')]),
      ...batch([trackOf('a'), trackOf('a')]),
      ...batch([trackOf('a')]),
      ...batch([userOf('u', { a: 1 }), userOf('v', { a: 1 })]),
      ...batch([userOf('u', { a: 1 }), userOf('u', { b: 1 })]),
      ...batch([userOf('u', { a: 1 })]),
    ];
    expect(requests.map(isSingle)).toEqual([false, true, true, false, false, true]);
    expect(requests.map((request) => halve(request) === undefined)).toEqual(requests.map(isSingle));
  });

  test('of nothing is nothing', () => {
    expect(halve({ kind: 'track', appId: '1', entries: [] })).toBeUndefined();
  });
});

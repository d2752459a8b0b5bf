import fc from 'fast-check';
import { groupByApp, toRequests, type BulkRequest, type PendingCall } from '../../lib/heap/bulk.ts';
import type { SendResult } from '../../lib/heap/client.ts';
import { EXTRA_REQUESTS, sendBisecting } from '../../lib/heap/bisect.ts';
import type { Outcome } from '../../lib/outcome.ts';

interface Ran {
  readonly requests: readonly BulkRequest[];
  /** By the idempotency key of an event, or the property of a user. */
  readonly outcomes: ReadonlyMap<string, string>;
}

const nameOf = ({ call }: PendingCall): string =>
  call.kind === 'track' ? call.payload.idempotency_key : Object.keys(call.payload.properties).join();

async function run(
  calls: readonly PendingCall[],
  answer: (names: readonly string[], request: BulkRequest) => SendResult,
): Promise<Ran> {
  const requests: BulkRequest[] = [];
  const outcomes = new Map<string, string>();
  await sendBisecting(
    [...groupByApp(calls).values()].flat().flatMap((group) => toRequests(group)),
    async (request) => {
      requests.push(request);
      return answer(
        request.entries.flatMap((entry) => entry.calls.map(nameOf)),
        request,
      );
    },
    (entry, outcome: Outcome) => {
      for (const call of entry.calls) {
        if (outcomes.has(nameOf(call))) throw new Error(`${nameOf(call)} is settled twice`);
        outcomes.set(nameOf(call), outcome.kind === 'delivered' ? 'delivered' : outcome.reason);
      }
    },
    { extraRequests: EXTRA_REQUESTS },
  );
  return { requests, outcomes };
}

const accepted: SendResult = { kind: 'delivered' };
const refused = (status = 400): SendResult => ({ kind: 'refused', status, detail: `Heap answered ${status}` });

function events(count: number): PendingCall[] {
  return Array.from({ length: count }, (_, index) => ({
    call: {
      kind: 'track',
      appId: '1',
      payload: { identity: `u-${index}`, event: 'A', properties: {}, idempotency_key: `e-${index}` },
    },
    arrivedAt: index,
  }));
}

function property(name: string, time: number, identity = 'u'): PendingCall {
  return {
    call: {
      kind: 'add_user_properties',
      appId: '1',
      payload: { identity, properties: { [name]: 1 } },
      timestamp: new Date(time).toISOString(),
    },
    arrivedAt: 0,
  };
}

const count = (outcomes: ReadonlyMap<string, string>, wanted: string): number =>
  [...outcomes.values()].filter((outcome) => outcome === wanted).length;

test('one bad entry among 1000 costs no more than 2 · log2(1000) more requests', async () => {
  for (const bad of ['e-0', 'e-1', 'e-500', 'e-617', 'e-999']) {
    const { requests, outcomes } = await run(events(1000), (names) => (names.includes(bad) ? refused() : accepted));
    expect(requests.length - 1).toBeLessThanOrEqual(2 * Math.ceil(Math.log2(1000)));
    expect(outcomes.get(bad)).toBe('heap_refused');
    expect(count(outcomes, 'delivered')).toBe(999);
  }
});

test('when every entry is refused, that is seen early: a handful of requests, and nobody is judged unheard', async () => {
  const { requests, outcomes } = await run(events(1000), () => refused());
  expect(requests.length).toBeLessThanOrEqual(30);
  expect(count(outcomes, 'heap_refused')).toBe(8);
  expect(count(outcomes, 'undecided')).toBe(992);
});

test('of a few, each is heard, also when all are refused', async () => {
  const { outcomes } = await run(events(24), () => refused());
  expect(count(outcomes, 'heap_refused')).toBe(24);
});

test('the extra requests of one invocation are bounded, and what is undecided then is deferred', async () => {
  const { requests, outcomes } = await run(events(1000), (names) =>
    names.some((name) => /[05]$/.test(name)) ? refused() : accepted,
  );
  expect(requests.length).toBeLessThanOrEqual(1 + EXTRA_REQUESTS);
  expect(count(outcomes, 'undecided')).toBeGreaterThan(0);
  expect(outcomes.size).toBe(1000);
});

test('413 halves too, and a single entry that is too large is rejected', async () => {
  const { outcomes } = await run(events(40), (names) =>
    names.length > 7 || names.includes('e-9') ? refused(413) : accepted,
  );
  expect(outcomes.get('e-9')).toBe('too_large');
  expect(count(outcomes, 'delivered')).toBe(39);
});

test('good requests go before anything is cut out', async () => {
  const { requests } = await run([...events(1400), property('p', 1)], (names) =>
    names.includes('e-0') ? refused() : accepted,
  );
  expect(requests.slice(0, 3).map(({ kind, entries }) => [kind, entries.length])).toEqual([
    ['add_user_properties', 1],
    ['track', 1000],
    ['track', 400],
  ]);
});

describe('user properties that were merged', () => {
  const calls = [1, 2, 3, 4].map((time) => property(`p-${time}`, time));

  test('are parted again, so that one bad identify does not harm the others', async () => {
    const { outcomes } = await run(calls, (names) => (names.includes('p-2') ? refused() : accepted));
    expect(Object.fromEntries(outcomes)).toEqual({
      'p-1': 'delivered',
      'p-2': 'heap_refused',
      'p-3': 'delivered',
      'p-4': 'delivered',
    });
  });

  test('reach Heap in the order of their time', async () => {
    const { requests } = await run(calls, (names) => (names.includes('p-2') ? refused() : accepted));
    const arrived = requests
      .map(({ entries }) => entries.flatMap((entry) => entry.calls.map(nameOf)))
      .filter((names) => !names.includes('p-2'));
    expect(arrived.flat()).toEqual(['p-1', 'p-3', 'p-4']);
  });

  test('a later part does not overtake an earlier one that has to wait', async () => {
    const { outcomes } = await run(calls, (names) => {
      if (names.length === 4) return refused();
      return names.includes('p-1') ? { kind: 'deferred', reason: 'heap_error', detail: '' } : accepted;
    });
    expect(new Set(outcomes.values())).toEqual(new Set(['heap_error']));
  });
});

test('whichever entries are bad, those and no others are rejected, and each is settled once', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 1, max: 200 }),
      fc.uniqueArray(fc.nat(199), { maxLength: 6 }),
      async (size, badOnes) => {
        const bad = new Set(badOnes.filter((index) => index < size).map((index) => `e-${index}`));
        const { outcomes } = await run(events(size), (names) =>
          names.some((name) => bad.has(name)) ? refused() : accepted,
        );
        expect(outcomes.size).toBe(size);
        for (const [name, outcome] of outcomes)
          expect([name, outcome]).toEqual([name, bad.has(name) ? 'heap_refused' : 'delivered']);
      },
    ),
  );
});

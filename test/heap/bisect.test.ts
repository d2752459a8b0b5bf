import fc from 'fast-check';
import type { BulkRequest, Entry, PendingCall } from '../../lib/heap/bulk.ts';
import type { SendResult } from '../../lib/heap/client.ts';
import { EXTRA_REQUESTS, sendBisecting } from '../../lib/heap/bisect.ts';
import { deferred, type Outcome } from '../../lib/outcome.ts';
import { nameOf, namesIn, requestsOf, trackOf, tracksOf, userOf } from './calls.ts';

interface Ran {
  readonly requests: readonly BulkRequest[];
  /** By the idempotency key of an event, or the names of user properties. */
  readonly outcomes: ReadonlyMap<string, string>;
  readonly unfinished: number | undefined;
}

/** Sends to a Heap that answers as told, and sees to it that each call gets one outcome. */
async function run(
  calls: readonly PendingCall[],
  answer: (names: readonly string[], request: BulkRequest) => SendResult,
  budget = { extraRequests: EXTRA_REQUESTS },
): Promise<Ran> {
  const requests: BulkRequest[] = [];
  const outcomes = new Map<string, string>();
  const onOutcome = (entry: Entry, outcome: Outcome): void => {
    for (const call of entry.calls) {
      if (outcomes.has(nameOf(call))) throw new Error(`${nameOf(call)} has two outcomes`);
      outcomes.set(nameOf(call), outcome.kind === 'delivered' ? 'delivered' : outcome.reason);
    }
  };
  const send = async (request: BulkRequest): Promise<SendResult> => {
    requests.push(request);
    return answer(namesIn(request), request);
  };
  const unfinished = await sendBisecting(requestsOf(calls), send, onOutcome, budget);
  return { requests, outcomes, unfinished };
}

const accepted: SendResult = { kind: 'delivered' };
const refused = (status = 400): SendResult => ({ kind: 'refused', status, detail: `Heap answered ${status}` });
/** Refuses each request that holds one of these. */
const refusing =
  (bad: readonly string[]) =>
  (names: readonly string[]): SendResult =>
    names.some((name) => bad.includes(name)) ? refused() : accepted;

const property = (name: string, time: number, identity = 'u'): PendingCall => userOf(identity, { [name]: 1 }, { time });

const count = (outcomes: ReadonlyMap<string, string>, wanted: string): number =>
  [...outcomes.values()].filter((outcome) => outcome === wanted).length;

test('one bad entry among 1000 costs at most 2 · log2(1000) more requests', async () => {
  for (const bad of ['e-0', 'e-1', 'e-500', 'e-617', 'e-999']) {
    const { requests, outcomes } = await run(tracksOf(1000), refusing([bad]));
    expect(requests.length - 1).toBeLessThanOrEqual(2 * Math.ceil(Math.log2(1000)));
    expect(outcomes.get(bad)).toBe('heap_refused');
    expect(count(outcomes, 'delivered')).toBe(999);
  }
});

test('when Heap refuses every entry, that is seen after a few requests, and the rest stays undecided', async () => {
  const { requests, outcomes } = await run(tracksOf(1000), () => refused());
  expect(requests.length).toBeLessThanOrEqual(30);
  expect(count(outcomes, 'heap_refused')).toBe(8);
  expect(count(outcomes, 'undecided')).toBe(992);
});

test('up to 24 entries are each sent alone, even when Heap refuses them all', async () => {
  const { outcomes } = await run(tracksOf(24), () => refused());
  expect(count(outcomes, 'heap_refused')).toBe(24);
});

test('bad entries among good ones are all found, also more of them than would be taken for a wrong setting', async () => {
  const bad = Array.from({ length: 10 }, (_, index) => `e-${index * 100 + 50}`);
  const { outcomes } = await run(tracksOf(1000), refusing(bad));
  expect([...outcomes].filter(([, outcome]) => outcome !== 'delivered')).toEqual(
    bad.map((name) => [name, 'heap_refused']),
  );
});

describe('the extra requests of one invocation are bounded', () => {
  /** Every fifth entry is bad: Heap takes enough in between to go on. */
  const isBad = (name: string): boolean => /[05]$/.test(name);
  const answer = (names: readonly string[]): SendResult => (names.some(isBad) ? refused() : accepted);

  test('and what is undecided then is deferred', async () => {
    const { requests, outcomes } = await run(tracksOf(1000), answer);
    expect(requests).toHaveLength(1 + EXTRA_REQUESTS);
    expect(outcomes.size).toBe(1000);
    expect(count(outcomes, 'undecided')).toBeGreaterThan(500);
    expect([...outcomes].filter(([name, outcome]) => outcome === 'heap_refused' && !isBad(name))).toEqual([]);
  });

  test('whatever of the bound is left is spent: two requests halve once, one halves nothing', async () => {
    for (const [extraRequests, sent] of [
      [0, 1],
      [1, 1],
      [2, 3],
      [3, 3],
    ] as const) {
      const { requests } = await run(tracksOf(8), () => refused(), { extraRequests });
      expect([extraRequests, requests.length]).toEqual([extraRequests, sent]);
    }
  });

  test('without it, this batch would need more', async () => {
    const { requests, outcomes } = await run(tracksOf(1000), answer, { extraRequests: Infinity });
    expect(requests.length).toBeGreaterThan(1 + 2 * EXTRA_REQUESTS);
    expect(count(outcomes, 'heap_refused')).toBe(200);
  });
});

test('a 413 halves a request too, and an entry that is too large by itself is rejected', async () => {
  const { outcomes } = await run(tracksOf(40), (names) =>
    names.length > 7 || names.includes('e-9') ? refused(413) : accepted,
  );
  expect(outcomes.get('e-9')).toBe('too_large');
  expect(count(outcomes, 'delivered')).toBe(39);
});

test('every request is sent once before one is bisected, so that bad entries take no time from good ones', async () => {
  const { requests } = await run([...tracksOf(1400), property('p', 1)], refusing(['e-0']));
  expect(requests.slice(0, 3).map(({ kind, entries }) => [kind, entries.length])).toEqual([
    ['add_user_properties', 1],
    ['track', 1000],
    ['track', 400],
  ]);
});

test('user properties are bisected before events, so that an event finds its user described', async () => {
  const users = ['p-0', 'p-1'].map((name) => property(name, 1, `user of ${name}`));
  const { requests } = await run([...tracksOf(2), ...users], refusing(['e-0', 'p-0']));
  expect(requests.map(namesIn)).toEqual([['p-0', 'p-1'], ['e-0', 'e-1'], ['p-0'], ['p-1'], ['e-0'], ['e-1']]);
});

test('when Heap refuses all user properties, that says nothing about events', async () => {
  const users = Array.from({ length: 40 }, (_, index) => property(`p-${index}`, 1, `user-${index}`));
  const { outcomes } = await run([...users, ...tracksOf(40)], (names, { kind }) =>
    kind === 'add_user_properties' || names.includes('e-3') ? refused() : accepted,
  );
  const ofEvents = [...outcomes].filter(([name, outcome]) => name.startsWith('e-') && outcome !== 'delivered');
  expect(ofEvents).toEqual([['e-3', 'heap_refused']]);
  expect(count(outcomes, 'undecided')).toBeGreaterThan(0);
});

test('of several refused requests the earlier is bisected to its end before the later', async () => {
  const { requests } = await run(tracksOf(1002), refusing(['e-0', 'e-1001']));
  const [, , ...bisecting] = requests.map(namesIn);
  const first = bisecting.findIndex((names) => names.includes('e-1000') || names.includes('e-1001'));
  expect(bisecting.slice(0, first).flat()).toContain('e-999');
  expect(bisecting.slice(first)).toEqual([['e-1000'], ['e-1001']]);
});

describe('a request that Heap has not answered for now', () => {
  const failed = deferred('heap_error', 'Heap answered 503');
  const outOfTime = deferred('out_of_time', 'the invocation ended');

  test('is not bisected: nothing is wrong with its entries', async () => {
    const { requests, outcomes, unfinished } = await run(tracksOf(10), () => failed);
    expect(requests).toHaveLength(1);
    expect(count(outcomes, 'heap_error')).toBe(10);
    expect(unfinished).toBeUndefined();
  });

  test('while bisecting, for want of time, tells how far bisecting has come', async () => {
    const { outcomes, unfinished } = await run(tracksOf(16), (names) => {
      if (names.length > 4) return names.includes('e-0') ? refused() : accepted;
      return outOfTime;
    });
    expect(unfinished).toBe(4);
    expect([count(outcomes, 'out_of_time'), count(outcomes, 'delivered')]).toEqual([8, 8]);
  });

  test('while bisecting, by a failure, tells nothing: smaller requests would not help', async () => {
    const { unfinished } = await run(tracksOf(16), (names) => (names.length === 16 ? refused() : failed));
    expect(unfinished).toBeUndefined();
  });

  test('for want of time, before anything was bisected, tells nothing either', async () => {
    const { unfinished } = await run(tracksOf(16), () => outOfTime);
    expect(unfinished).toBeUndefined();
  });

  test('of several requests the smallest counts', async () => {
    const { unfinished } = await run(tracksOf(1016), (names) => {
      if (names.length === 1000 || names.length === 16) return refused();
      return outOfTime;
    });
    expect(unfinished).toBe(8);
  });
});

describe('user properties that were merged', () => {
  const calls = [1, 2, 3, 4].map((time) => property(`p-${time}`, time));

  test('are separated again, so that one bad identify does not harm the others', async () => {
    const { outcomes } = await run(calls, refusing(['p-2']));
    expect(Object.fromEntries(outcomes)).toEqual({
      'p-1': 'delivered',
      'p-2': 'heap_refused',
      'p-3': 'delivered',
      'p-4': 'delivered',
    });
  });

  test('reach Heap in the order of their time', async () => {
    const { requests } = await run(calls, refusing(['p-2']));
    const arrived = requests.map(namesIn).filter((names) => !names.includes('p-2'));
    expect(arrived.flat()).toEqual(['p-1', 'p-3', 'p-4']);
  });

  test('that are later do not overtake earlier ones of the same user that are deferred', async () => {
    const { outcomes } = await run(calls, (names) => {
      if (names.length === 4) return refused();
      return names.includes('p-1') ? deferred('heap_error', '') : accepted;
    });
    expect(new Set(outcomes.values())).toEqual(new Set(['heap_error']));
  });

  test('of another user are not held back by that', async () => {
    const { outcomes } = await run([property('p-1', 1, 'a'), property('p-2', 2, 'b')], (names) => {
      if (names.length === 2) return refused();
      return names.includes('p-1') ? deferred('heap_error', '') : accepted;
    });
    expect(Object.fromEntries(outcomes)).toEqual({ 'p-1': 'heap_error', 'p-2': 'delivered' });
  });
});

test('events of one user do not wait for each other', async () => {
  const { outcomes } = await run([trackOf('e-0', { identity: 'u' }), trackOf('e-1', { identity: 'u' })], (names) => {
    if (names.length === 2) return refused();
    return names.includes('e-0') ? deferred('heap_error', '') : accepted;
  });
  expect(Object.fromEntries(outcomes)).toEqual({ 'e-0': 'heap_error', 'e-1': 'delivered' });
});

test('whichever entries are bad, those and no others are rejected, and each has one outcome', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 1, max: 200 }),
      fc.uniqueArray(fc.nat(199), { maxLength: 6 }),
      async (size, indexes) => {
        const bad = indexes.filter((index) => index < size).map((index) => `e-${index}`);
        const { outcomes } = await run(tracksOf(size), refusing(bad));
        expect(outcomes.size).toBe(size);
        for (const [name, outcome] of outcomes)
          expect([name, outcome]).toEqual([name, bad.includes(name) ? 'heap_refused' : 'delivered']);
      },
    ),
  );
});

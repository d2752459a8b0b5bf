import fc from 'fast-check';
import { groupByApp, type BulkRequest, type Entry, type PendingCall } from '../../lib/heap/bulk.ts';
import type { SendResult } from '../../lib/heap/client.ts';
import { deferred } from '../../lib/outcome.ts';
import { accountOf, nameOf, namesIn, userOf } from './calls.ts';
import { namesOf, startContainer } from './container.ts';

const accepted: SendResult = { kind: 'delivered' };
const refused: SendResult = { kind: 'refused', status: 400, detail: 'Heap answered 400' };
const outOfTime = deferred('out_of_time', 'the invocation ended before Heap answered');

/** Properties of the user u, with what was found out about them. */
const call = (name: string, time: number, mostCalls?: number): PendingCall => ({
  ...userOf('u', { [name]: 1 }, { time }),
  ...(mostCalls === undefined ? {} : { mostCalls, mostEntries: 1 }),
});

function entriesOf(calls: readonly PendingCall[]): readonly Entry[] {
  return [...groupByApp(calls).values()].flat().flatMap(({ entries }) => entries);
}

describe('the properties of a user whose entry was refused', () => {
  test.each<readonly [string, readonly PendingCall[], readonly string[]]>([
    ['one entry, while nothing is known', [call('a', 1), call('b', 2)], ['a,b']],
    ['halves', [call('a', 1, 2), call('b', 2, 2), call('c', 3, 2), call('d', 4, 2)], ['a,b', 'c,d']],
    [
      'parts of different sizes',
      [call('a', 1, 1), call('b', 2, 1), call('c', 3, 3), call('d', 4, 3)],
      ['a', 'b', 'c,d'],
    ],
    [
      'apart from new ones, in the order of time',
      [call('c', 3), call('b', 2, 2), call('a', 1), call('d', 4)],
      ['a', 'b', 'c,d'],
    ],
  ])('are %s', (_, calls, expected) => {
    const entries = entriesOf(calls);
    expect(entries).toHaveLength(1);
    const parts = entries.flatMap((entry) => [entry, ...entry.later]);
    expect(parts.map((entry) => entry.calls.map(nameOf).join())).toEqual(expected);
  });

  test('are sent alone if others have to wait behind them', () => {
    const entries = entriesOf([call('a', 1), call('b', 2, 1), { ...userOf('v', { v: 1 }) }]);
    expect(entries.map(({ identity, mostEntries }) => [identity, mostEntries])).toEqual([
      ['u', 1],
      ['v', Infinity],
    ]);
  });
});

/** Calls of one user or account, good and bad, and how many requests about it an invocation has time for. */
const situations = fc.record({
  isBad: fc.array(fc.boolean(), { minLength: 1, maxLength: 9 }),
  inTime: fc.integer({ min: 1, max: 6 }),
  make: fc.constantFrom(userOf, accountOf),
});

test('bad properties among good ones of a user are found, even with time for one request in each invocation', async () => {
  await fc.assert(
    fc.asyncProperty(situations, async ({ isBad, inTime, make }) => {
      const stored: number[] = [];
      let left = 0;
      const container = startContainer((request: BulkRequest) => {
        if (request.entries.every(({ identity }) => identity !== 'u')) return accepted;
        left -= 1;
        if (left < 0) return outOfTime;
        const numbers = namesIn(request).map(Number).filter(Number.isInteger);
        if (numbers.some((number) => isBad[number])) return refused;
        stored.push(...numbers);
        return accepted;
      });
      const calls = isBad.map((_, index) => make('u', { [index]: 1 }, { time: index }));
      for (let invocation = 0; invocation === 0 || namesOf(container, 'deferred').length > 0; invocation += 1) {
        expect(invocation).toBeLessThan(5 * isBad.length);
        left = inTime;
        // Another user shows that Heap accepts something.
        await container.invoke([make(`other-${invocation}`, { [`other-${invocation}`]: 1 }), ...calls]);
      }
      const named = (kind: 'delivered' | 'rejected'): number[] =>
        namesOf(container, kind)
          .filter((name) => !name.startsWith('other'))
          .map(Number)
          .toSorted((a, b) => a - b);
      expect(named('rejected')).toEqual([...isBad.keys()].filter((index) => isBad[index]));
      expect(named('delivered')).toEqual([...isBad.keys()].filter((index) => !isBad[index]));
      // Nothing overtakes: the last that each was stored comes after the last of all earlier ones.
      const last = named('delivered').map((index) => stored.lastIndexOf(index));
      expect(last).toEqual(last.toSorted((a, b) => a - b));
    }),
    { numRuns: 300 },
  );
});

test.each([
  ['bad', (index: number): boolean => index >= 0],
  ['bad by turns', (index: number): boolean => index % 2 === 0],
])('hundreds of properties of one user that are all %s are decided in a few invocations', async (_, isBad) => {
  const calls = Array.from({ length: 300 }, (__, index) => userOf('u', { [index]: 1 }, { time: index }));
  const container = startContainer((request) =>
    namesIn(request).some((name) => isBad(Number(name))) ? refused : accepted,
  );
  for (let invocation = 0; invocation < 12; invocation += 1) {
    // Another user shows that Heap accepts something.
    await container.invoke([userOf('other', { [`other-${invocation}`]: 1 }), ...calls]);
  }
  expect(namesOf(container, 'deferred')).toEqual([]);
});

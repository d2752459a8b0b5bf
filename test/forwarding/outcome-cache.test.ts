import { createOutcomeCache, type OutcomeCache } from '../../lib/forwarding/outcome-cache.ts';
import { deferred, type FindingsOfCalls } from '../../lib/outcome.ts';
import { DELIVERED, FAILED, FILTERED, processedOf, REFUSED } from './processed.ts';

test('the final outcomes of a record that goes back to the queue are remembered, by the place of the event', () => {
  const cache = createOutcomeCache();
  cache.note(processedOf('m', [DELIVERED, FAILED, REFUSED, FILTERED]));
  expect([0, 1, 2, 3, 4].map((part) => cache.recall('m', part))).toEqual([
    DELIVERED,
    undefined,
    REFUSED,
    undefined,
    undefined,
  ]);
  expect(cache.recall('other', 0)).toBeUndefined();
});

test('a record that leaves the queue is forgotten', () => {
  const cache = createOutcomeCache();
  cache.note(processedOf('m', [DELIVERED, FAILED]));
  cache.note(processedOf('m', [DELIVERED, DELIVERED]));
  expect(cache.recall('m', 0)).toBeUndefined();
});

test('a record that never went back is not remembered', () => {
  const cache = createOutcomeCache();
  cache.note(processedOf('m', [DELIVERED, REFUSED]));
  expect(cache.recall('m', 0)).toBeUndefined();
});

test('a later invocation replaces what is known', () => {
  const cache = createOutcomeCache();
  cache.note(processedOf('m', [DELIVERED, FAILED, FAILED]));
  cache.note(processedOf('m', [DELIVERED, REFUSED, FAILED]));
  expect([0, 1, 2].map((part) => cache.recall('m', part))).toEqual([DELIVERED, REFUSED, undefined]);
});

function findingsOf(cache: OutcomeCache, messageId: string, part: number): FindingsOfCalls {
  const { mostEntries, mostCalls, refusedAloneAt, calls } = cache.findings(messageId, part);
  return { mostEntries, mostCalls, refusedAloneAt, calls };
}

describe('what was found out about a deferred event', () => {
  const SMALL = deferred('undecided', 'why', { mostEntries: 5, mostCalls: 2 });
  const ALONE = deferred('undecided', 'why', { mostEntries: 1, refusedAloneAt: 7, heapStatus: 400 });

  test('is remembered by the place of the event, until its record leaves the queue', () => {
    const cache = createOutcomeCache();
    cache.note(processedOf('m', [DELIVERED, SMALL, FAILED, REFUSED, ALONE]));
    expect([0, 1, 2, 3, 4, 5].map((part) => findingsOf(cache, 'm', part))).toEqual([
      {},
      { mostEntries: 5, mostCalls: 2 },
      {},
      {},
      { mostEntries: 1, refusedAloneAt: 7 },
      {},
    ]);
    expect(cache.recall('m', 1)).toBeUndefined();
    cache.note(processedOf('m', [DELIVERED, DELIVERED, DELIVERED, REFUSED, DELIVERED]));
    expect(findingsOf(cache, 'm', 1)).toEqual({});
  });

  test('is remembered of a record with one event, and of one whose events are all deferred', () => {
    const cache = createOutcomeCache();
    cache.note(processedOf('one', [SMALL]));
    cache.note(processedOf('two', [FAILED, SMALL]));
    expect([findingsOf(cache, 'one', 0), findingsOf(cache, 'two', 0), findingsOf(cache, 'two', 1)]).toEqual([
      { mostEntries: 5, mostCalls: 2 },
      {},
      { mostEntries: 5, mostCalls: 2 },
    ]);
  });
});

test('what was found out about each call of an event is remembered apart', () => {
  const calls = [{ outcome: { kind: 'delivered' as const } }, { mostEntries: 3, refusedAloneAt: 9 }];
  const cache = createOutcomeCache();
  cache.note(processedOf('m', [{ ...FAILED, calls }]));
  expect(findingsOf(cache, 'm', 0)).toEqual({ calls });
});

test('a record of which nothing is worth remembering takes no room', () => {
  const cache = createOutcomeCache(2);
  cache.note(processedOf('a', [DELIVERED, FAILED]));
  cache.note(processedOf('b', [FAILED]));
  cache.note(processedOf('c', [FAILED, FAILED]));
  expect(cache.recall('a', 0)).toEqual(DELIVERED);
});

describe('when there is no more room', () => {
  const isKnown = (cache: ReturnType<typeof createOutcomeCache>) => (messageId: string) =>
    cache.recall(messageId, 0) !== undefined;

  test('the oldest records are forgotten first, and no more than necessary', () => {
    const cache = createOutcomeCache(4);
    for (const messageId of ['a', 'b']) cache.note(processedOf(messageId, [DELIVERED, FAILED]));
    expect(['a', 'b'].map(isKnown(cache))).toEqual([true, true]);
    cache.note(processedOf('c', [DELIVERED, FAILED]));
    expect(['a', 'b', 'c'].map(isKnown(cache))).toEqual([false, true, true]);
  });

  test('an event takes room for each of its calls', () => {
    const calls = Array.from({ length: 3 }, () => ({ outcome: { kind: 'delivered' as const } }));
    const cache = createOutcomeCache(4);
    cache.note(processedOf('a', [DELIVERED, { ...FAILED, calls }]));
    expect(isKnown(cache)('a')).toBe(true);
    cache.note(processedOf('b', [FAILED, DELIVERED]));
    expect(isKnown(cache)('a')).toBe(false);
  });

  test('a record that comes back is the newest, and takes its room once', () => {
    const cache = createOutcomeCache(4);
    for (const messageId of ['a', 'b', 'a', 'a', 'a']) cache.note(processedOf(messageId, [DELIVERED, FAILED]));
    expect(['a', 'b'].map(isKnown(cache))).toEqual([true, true]);
    cache.note(processedOf('c', [DELIVERED, FAILED]));
    expect(['a', 'b', 'c'].map(isKnown(cache))).toEqual([true, false, true]);
  });

  test('a record that has left the queue gives its room back', () => {
    const cache = createOutcomeCache(4);
    for (const messageId of ['a', 'b']) cache.note(processedOf(messageId, [DELIVERED, FAILED]));
    cache.note(processedOf('b', [DELIVERED, DELIVERED]));
    cache.note(processedOf('c', [DELIVERED, FAILED]));
    expect(['a', 'b', 'c'].map(isKnown(cache))).toEqual([true, false, true]);
  });
});

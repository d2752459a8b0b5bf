import fc from 'fast-check';
import { createAdaptiveBatchSize, type AppSize, type Lesson } from '../../lib/heap/adaptive-batch-size.ts';

const lesson = (what: Partial<Lesson>): Lesson => ({ timedOut: 0, fits: 0, accepted: 0, bad: 0, ...what });

test('an app that nothing is known of may fill a request', () => {
  expect(createAdaptiveBatchSize().of('a')).toBe(1000);
});

test('after a request that Heap did not answer in time, the next invocation sends requests of a quarter', () => {
  const batchSize = createAdaptiveBatchSize();
  batchSize.learn('a', lesson({ timedOut: 1000 }));
  expect(batchSize.of('a')).toBe(250);
  batchSize.learn('a', lesson({ timedOut: 250 }));
  expect(batchSize.of('a')).toBe(62);
  expect(batchSize.of('b')).toBe(1000);
});

test('each invocation without a timeout makes it four times as large, up to the limit of Heap', () => {
  const batchSize = createAdaptiveBatchSize();
  for (const timedOut of [1000, 250, 62]) batchSize.learn('a', lesson({ timedOut: timedOut }));
  const sizes = Array.from({ length: 5 }, () => {
    batchSize.learn('a', lesson({}));
    return batchSize.of('a');
  });
  expect(sizes).toEqual([60, 240, 960, 1000, 1000]);
});

test('it never falls below one entry', () => {
  const batchSize = createAdaptiveBatchSize();
  const sizes = Array.from({ length: 7 }, () => {
    batchSize.learn('a', lesson({ timedOut: batchSize.of('a') }));
    return batchSize.of('a');
  });
  expect(sizes).toEqual([250, 62, 15, 3, 1, 1, 1]);
});

test('a small request without an answer does not make large ones tiny at once', () => {
  const batchSize = createAdaptiveBatchSize();
  batchSize.learn('a', lesson({ timedOut: 8 }));
  expect(batchSize.of('a')).toBe(250);
});

test.each<[string, readonly Partial<Lesson>[], number]>([
  ['the next requests are as large', [{ fits: 3 }], 3],
  ['they stay so while less than 2000 entries are accepted', [{ fits: 3 }, { accepted: 1999 }], 3],
  ['they grow then, since the limit may be gone', [{ fits: 3 }, { accepted: 1999 }, { accepted: 1 }], 12],
  ['they stay so again after another 413', [{ fits: 3 }, { accepted: 2000 }, { fits: 4 }, { accepted: 1999 }], 4],
  ['they are a quarter after one that Heap does not answer', [{ fits: 40 }, { timedOut: 40 }], 10],
  ['they grow back from that at once', [{ fits: 40 }, { timedOut: 40 }, {}], 40],
])('when Heap has answered 413 to larger requests than it accepts, %s', (_, lessons, expected) => {
  const batchSize = createAdaptiveBatchSize();
  for (const one of lessons) batchSize.learn('a', lesson(one));
  expect(batchSize.of('a')).toBe(expected);
});

test('an entry without an answer when it was sent alone does not change the size', () => {
  const batchSize = createAdaptiveBatchSize();
  batchSize.learn('a', lesson({ timedOut: 1 }));
  expect(batchSize.of('a')).toBe(1000);
  batchSize.learn('a', lesson({ timedOut: 1000 }));
  batchSize.learn('a', lesson({ timedOut: 1 }));
  expect(batchSize.of('a')).toBe(250);
});

test('small requests that time out again and again become smaller, whatever keeps the requests of the app small', () => {
  const batchSize = createAdaptiveBatchSize();
  const sizes = Array.from({ length: 6 }, () => {
    const size = Math.min(40, batchSize.of('a'));
    batchSize.learn('a', lesson({ timedOut: size }));
    return size;
  });
  expect(sizes).toEqual([40, 40, 40, 15, 3, 1]);
});

test('an app that is back at the limit of Heap takes no memory', () => {
  const sizes = new Map<string, AppSize>();
  const batchSize = createAdaptiveBatchSize(sizes);
  for (let app = 0; app < 100; app += 1) {
    batchSize.learn(`app-${app}`, lesson({ timedOut: 1000 }));
    batchSize.learn(`app-${app}`, lesson({}));
    batchSize.learn(`other-${app}`, lesson({}));
  }
  expect(sizes.size).toBe(0);
});

test('of very many apps with smaller requests only a thousand are remembered, the latest', () => {
  const sizes = new Map<string, AppSize>();
  const batchSize = createAdaptiveBatchSize(sizes);
  for (let app = 0; app < 2500; app += 1) batchSize.learn(`app-${app}`, lesson({ timedOut: 1000 }));
  expect(sizes.size).toBe(1000);
  expect(['app-1499', 'app-1500', 'app-2499'].map(batchSize.of)).toEqual([1000, 250, 250]);
});

describe('bad entries', () => {
  /** The size after so many invocations of 1000 entries, a share of which is bad. */
  function sizeAfter(invocations: number, badInEach: number): number {
    const batchSize = createAdaptiveBatchSize();
    for (let invocation = 0; invocation < invocations; invocation += 1)
      batchSize.learn('a', lesson({ accepted: 1000 - badInEach, bad: badInEach }));
    return batchSize.of('a');
  }

  test.each([
    [0, 1000],
    [1, 80],
    [2, 40],
    [5, 16],
    [10, 8],
    [500, 8],
  ])('%i of 1000: requests of about %i entries', (bad, expected) => {
    expect(Math.abs(sizeAfter(200, bad) - expected)).toBeLessThanOrEqual(expected / 10);
  });

  test('the first one does not make requests tiny, however few entries were seen before', () => {
    const batchSize = createAdaptiveBatchSize();
    batchSize.learn('a', lesson({ bad: 1 }));
    expect(batchSize.of('a')).toBe(80);
    expect(batchSize.of('b')).toBe(1000);
  });

  test('are forgotten when none comes for some time, and take no memory then', () => {
    const sizes = new Map<string, AppSize>();
    const batchSize = createAdaptiveBatchSize(sizes);
    batchSize.learn('a', lesson({ bad: 20 }));
    const seen: number[] = [];
    while (sizes.size > 0 && seen.length < 1000) {
      batchSize.learn('a', lesson({ accepted: 1000 }));
      seen.push(batchSize.of('a'));
    }
    expect(seen).toEqual(seen.toSorted((a, b) => a - b));
    expect(seen.length).toBeLessThan(100);
    expect(seen.at(-1)).toBe(1000);
  });

  test('never make a request larger than what is answered in time', () => {
    const batchSize = createAdaptiveBatchSize();
    batchSize.learn('a', lesson({ timedOut: 1000, bad: 1, accepted: 999 }));
    expect(batchSize.of('a')).toBe(160);
    for (const timedOut of [160, 60]) batchSize.learn('a', lesson({ timedOut }));
    expect(batchSize.of('a')).toBe(15);
  });

  test('a size is always one that a request can have', () => {
    const count = fc.nat(2000);
    const anyLesson = fc.record({
      timedOut: fc.nat(1000),
      fits: fc.nat(1000),
      accepted: count,
      bad: count,
    });
    fc.assert(
      fc.property(fc.array(anyLesson, { maxLength: 100 }), (lessons) => {
        const batchSize = createAdaptiveBatchSize();
        for (const one of lessons) batchSize.learn('a', one);
        const size = batchSize.of('a');
        expect(Number.isInteger(size) && size >= 1 && size <= 1000).toBe(true);
      }),
    );
  });
});

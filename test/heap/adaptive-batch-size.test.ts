import { createAdaptiveBatchSize } from '../../lib/heap/adaptive-batch-size.ts';

test('an app that nothing is known of may fill a request', () => {
  expect(createAdaptiveBatchSize().of('a')).toBe(1000);
});

test('after a request that Heap did not answer in time, the next invocation sends requests of a quarter', () => {
  const batchSize = createAdaptiveBatchSize();
  batchSize.learn('a', 1000);
  expect(batchSize.of('a')).toBe(250);
  batchSize.learn('a', 250);
  expect(batchSize.of('a')).toBe(62);
  expect(batchSize.of('b')).toBe(1000);
});

test('each invocation without a timeout makes it four times as large, up to the limit of Heap', () => {
  const batchSize = createAdaptiveBatchSize();
  for (const timedOut of [1000, 250, 62]) batchSize.learn('a', timedOut);
  const sizes = Array.from({ length: 5 }, () => {
    batchSize.learn('a', undefined);
    return batchSize.of('a');
  });
  expect(sizes).toEqual([60, 240, 960, 1000, 1000]);
});

test('it never falls below one entry', () => {
  const batchSize = createAdaptiveBatchSize();
  const sizes = Array.from({ length: 7 }, () => {
    batchSize.learn('a', batchSize.of('a'));
    return batchSize.of('a');
  });
  expect(sizes).toEqual([250, 62, 15, 3, 1, 1, 1]);
});

test('a small request without an answer does not make large ones tiny at once', () => {
  const batchSize = createAdaptiveBatchSize();
  batchSize.learn('a', 8);
  expect(batchSize.of('a')).toBe(250);
});

test('an entry without an answer when it was sent alone does not change the size', () => {
  const batchSize = createAdaptiveBatchSize();
  batchSize.learn('a', 1);
  expect(batchSize.of('a')).toBe(1000);
  batchSize.learn('a', 1000);
  batchSize.learn('a', 1);
  expect(batchSize.of('a')).toBe(250);
});

test('small requests that time out again and again become smaller, whatever keeps the requests of the app small', () => {
  const batchSize = createAdaptiveBatchSize();
  const sizes = Array.from({ length: 6 }, () => {
    const size = Math.min(40, batchSize.of('a'));
    batchSize.learn('a', size);
    return size;
  });
  expect(sizes).toEqual([40, 40, 40, 15, 3, 1]);
});

test('an app that is back at the limit of Heap takes no memory', () => {
  const sizes = new Map<string, number>();
  const batchSize = createAdaptiveBatchSize(sizes);
  for (let app = 0; app < 100; app += 1) {
    batchSize.learn(`app-${app}`, 1000);
    batchSize.learn(`app-${app}`, undefined);
    batchSize.learn(`other-${app}`, undefined);
  }
  expect(sizes.size).toBe(0);
});

test('of very many apps with smaller requests only a thousand are remembered, the latest', () => {
  const sizes = new Map<string, number>();
  const batchSize = createAdaptiveBatchSize(sizes);
  for (let app = 0; app < 2500; app += 1) batchSize.learn(`app-${app}`, 1000);
  expect(sizes.size).toBe(1000);
  expect(['app-1499', 'app-1500', 'app-2499'].map(batchSize.of)).toEqual([1000, 250, 250]);
});

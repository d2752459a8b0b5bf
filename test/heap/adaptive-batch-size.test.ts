import { createAdaptiveBatchSize } from '../../lib/heap/adaptive-batch-size.ts';

test('an app that nothing is known of may fill a request', () => {
  expect(createAdaptiveBatchSize().of('a')).toBe(1000);
});

test('after bisecting that did not end, the next invocation begins where it ended', () => {
  const batchSize = createAdaptiveBatchSize();
  batchSize.learn('a', 125);
  expect(batchSize.of('a')).toBe(125);
  expect(batchSize.of('b')).toBe(1000);
});

test('each invocation that ends well makes it four times as large, up to the limit of Heap', () => {
  const batchSize = createAdaptiveBatchSize();
  batchSize.learn('a', 10);
  const sizes = Array.from({ length: 5 }, () => {
    batchSize.learn('a', undefined);
    return batchSize.of('a');
  });
  expect(sizes).toEqual([40, 160, 640, 1000, 1000]);
});

test('it never falls below one entry', () => {
  const batchSize = createAdaptiveBatchSize();
  batchSize.learn('a', 0);
  expect(batchSize.of('a')).toBe(1);
});

test('an app that is back at the limit of Heap takes no memory', () => {
  const sizes = new Map<string, number>();
  const batchSize = createAdaptiveBatchSize(sizes);
  for (let app = 0; app < 100; app += 1) {
    batchSize.learn(`app-${app}`, 250);
    batchSize.learn(`app-${app}`, undefined);
    batchSize.learn(`other-${app}`, undefined);
  }
  expect(sizes.size).toBe(0);
});

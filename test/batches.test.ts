import fc from 'fast-check';
import { inBatches, inBatchesAsync, type BatchLimits } from '../lib/batches.ts';

const limits: BatchLimits = { items: 10, bytes: 1000 };
const size = (item: number): number => item;
const sizes = fc.array(fc.oneof(fc.integer({ min: 0, max: 1200 }), fc.constant(Infinity)), { maxLength: 60 });

test('batches keep the order and the limits, and are filled as far as possible', () => {
  fc.assert(
    fc.property(sizes, (items) => {
      const batches = [...inBatches(items, limits, size)];
      expect(batches.flat()).toEqual(items);
      for (const [index, batch] of batches.entries()) {
        const bytes = batch.reduce((sum, item) => sum + item, 0);
        expect(batch.length).toBeGreaterThan(0);
        expect(batch.length).toBeLessThanOrEqual(limits.items);
        expect(batch.length === 1 || bytes <= limits.bytes).toBe(true);
        const next = batches[index + 1]?.[0] ?? Infinity;
        expect(batch.length === limits.items || bytes + next > limits.bytes).toBe(true);
      }
    }),
  );
});

test('a batch may be filled to the last byte and the last item', () => {
  expect([...inBatches([400, 600, 1], limits, size)]).toEqual([[400, 600], [1]]);
  expect([...inBatches([400, 601, 1], limits, size)]).toEqual([[400], [601, 1]]);
  expect(
    [
      ...inBatches(
        Array.from({ length: 11 }, () => 0),
        limits,
        size,
      ),
    ].map(({ length }) => length),
  ).toEqual([10, 1]);
});

test('asynchronous items give the same batches', async () => {
  await fc.assert(
    fc.asyncProperty(sizes, async (items) => {
      const batches = await Array.fromAsync(inBatchesAsync(items, limits, size));
      expect(batches).toEqual([...inBatches(items, limits, size)]);
    }),
  );
});

test('when reading fails, the items before the failure are yielded first', async () => {
  async function* broken(): AsyncGenerator<number> {
    yield 1;
    yield 2;
    throw new Error('cut off');
  }
  const batches: (readonly number[])[] = [];
  const reading = (async () => {
    for await (const batch of inBatchesAsync(broken(), limits, size)) batches.push(batch);
  })();
  await expect(reading).rejects.toThrow('cut off');
  expect(batches).toEqual([[1, 2]]);
});

test('it reads only one item ahead of the batch that it yields', async () => {
  let read = 0;
  function* counted(): Generator<number> {
    for (;;) yield (read += 1);
  }
  for await (const batch of inBatchesAsync(counted(), limits, () => 0)) {
    expect(batch).toHaveLength(limits.items);
    break;
  }
  expect(read).toBe(limits.items + 1);
});

import fc from 'fast-check';
import { inBatches, inBatchesAsTheyCome, SQS_LIMITS } from '../lib/sqs.ts';

test('batches keep the order and SQS’s limits, and each could not have held the next one’s first', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: SQS_LIMITS.bytes }), { maxLength: 60 }), (sizes) => {
      const batches = inBatches(sizes, (size) => size);
      expect(batches.flat()).toEqual(sizes);
      for (const [index, batch] of batches.entries()) {
        const bytes = batch.reduce((sum, size) => sum + size, 0);
        expect(batch.length).toBeLessThanOrEqual(10);
        expect(bytes).toBeLessThanOrEqual(SQS_LIMITS.bytes);
        const next = batches[index + 1]?.[0] ?? Infinity;
        expect(batch.length === 10 || bytes + next > SQS_LIMITS.bytes).toBe(true);
      }
    }),
  );
});

test('items that are still coming make the same batches', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.integer({ min: 0, max: SQS_LIMITS.bytes }), { maxLength: 60 }), async (sizes) => {
      const batches = await Array.fromAsync(inBatchesAsTheyCome(sizes, (size) => size));
      expect(batches).toEqual(inBatches(sizes, (size) => size));
    }),
  );
});

import fc from 'fast-check';
import { workThrough } from '../lib/work-through.ts';

const turn = (): Promise<void> => new Promise(setImmediate);

test('with a limit of 1, what comes out of an item is finished before the next item begins', async () => {
  const begun: string[] = [];
  await workThrough(
    ['a', 'b'],
    () => 1,
    async (item) => {
      begun.push(item);
      await turn();
      return item.length < 3 ? [`${item}0`, `${item}1`] : [];
    },
  );
  expect(begun.join(' ')).toBe('a a0 a00 a01 a1 a10 a11 b b0 b00 b01 b1 b10 b11');
});

test('every item is worked on once, whatever comes out of it, and no more than the limit at once', async () => {
  const sizes = fc.array(fc.nat(20), { maxLength: 20 });
  await fc.assert(
    fc.asyncProperty(sizes, fc.integer({ min: 1, max: 9 }), async (items, limit) => {
      let underWay = 0;
      let seen = 0;
      await workThrough(
        items,
        () => limit,
        async (size) => {
          seen += 1;
          underWay += 1;
          expect(underWay).toBeLessThanOrEqual(limit);
          await turn();
          underWay -= 1;
          // A number falls apart into two that are smaller, down to 0.
          return size === 0 ? [] : [Math.floor((size - 1) / 2), Math.ceil((size - 1) / 2)];
        },
      );
      const expected = items.reduce((sum, size) => sum + 2 * size + 1, 0);
      expect([seen, underWay]).toEqual([expected, 0]);
    }),
    { numRuns: 50 },
  );
});

test('the limit is asked whenever an item ends', async () => {
  let limit = 1;
  let underWay = 0;
  let most = 0;
  let mostBefore = 0;
  await workThrough(
    Array.from({ length: 12 }, (_, index) => index),
    () => limit,
    async (index) => {
      underWay += 1;
      most = Math.max(most, underWay);
      if (index === 3) mostBefore = most;
      await turn();
      if (index === 3) limit = 4;
      underWay -= 1;
      return [];
    },
  );
  expect([mostBefore, most]).toEqual([1, 4]);
});

test('the first error ends it, and no further item is started', async () => {
  const begun: number[] = [];
  const running = workThrough(
    [1, 2, 3],
    () => 1,
    async (item) => {
      begun.push(item);
      await turn();
      throw new Error(`item ${item} failed`);
    },
  );
  await expect(running).rejects.toThrow('item 1 failed');
  expect(begun).toEqual([1]);
});

import { mapLimit } from '../lib/map-limit.ts';

/** Work on an item runs until the test ends it. */
function controlled() {
  const begun: number[] = [];
  const ends = new Map<number, PromiseWithResolvers<void>>();
  return {
    begun,
    work: async (item: number): Promise<void> => {
      begun.push(item);
      const end = Promise.withResolvers<void>();
      ends.set(item, end);
      await end.promise;
    },
    finish: async (item: number): Promise<void> => {
      ends.get(item)?.resolve();
      await new Promise(setImmediate);
    },
    fail: async (item: number): Promise<void> => {
      ends.get(item)?.reject(new Error(`item ${item} failed`));
      await new Promise(setImmediate);
    },
  };
}

test('every item is processed once, in order, and at most so many concurrently', async () => {
  const { begun, work, finish } = controlled();
  const running = mapLimit([1, 2, 3, 4], 2, work);
  expect(begun).toEqual([1, 2]);
  await finish(2);
  expect(begun).toEqual([1, 2, 3]);
  await finish(1);
  expect(begun).toEqual([1, 2, 3, 4]);
  await finish(4);
  await finish(3);
  await expect(running).resolves.toBeUndefined();
});

test('it ends when the last item ends, and not before', async () => {
  const { work, finish } = controlled();
  let isOver = false;
  const running = mapLimit([1, 2], 5, work).then(() => (isOver = true));
  await finish(1);
  expect(isOver).toBe(false);
  await finish(2);
  await running;
  expect(isOver).toBe(true);
});

test('it ends at once when there are no items', async () => {
  await expect(mapLimit([], 3, () => Promise.reject(new Error('not asked for')))).resolves.toBeUndefined();
});

test('items are read only when there is a free slot', async () => {
  let taken = 0;
  function* counted(): Generator<number> {
    for (;;) yield (taken += 1);
  }
  const { work, finish, fail } = controlled();
  const running = mapLimit(counted(), 2, work);
  running.catch(() => undefined);
  expect(taken).toBe(2);
  await finish(1);
  expect(taken).toBe(3);
  await fail(2);
  await expect(running).rejects.toThrow('item 2 failed');
});

test('after a failure no further item is started, and the error is thrown', async () => {
  const { begun, work, finish, fail } = controlled();
  const running = mapLimit([1, 2, 3, 4], 2, work);
  running.catch(() => undefined);
  await fail(1);
  await finish(2);
  expect(begun).toEqual([1, 2]);
  await expect(running).rejects.toThrow('item 1 failed');
});

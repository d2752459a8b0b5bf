/**
 * Works through a list that grows while it is worked on, several items at a time. What comes out of an item is next: with a
 * limit of 1, an item and all that comes out of it are finished before the following item begins.
 *
 * @param limit returns how many items may be under way now, at least 1; it is asked whenever an item ends
 * @param work returns the items that take the place of the given one, the next one first
 * @throws the first error that `work` throws; no further item is started after it
 */
export async function workThrough<Item>(
  items: readonly Item[],
  limit: () => number,
  work: (item: Item) => Promise<readonly Item[]>,
): Promise<void> {
  const stack = items.toReversed();
  const running = new Set<Promise<void>>();
  async function begin(item: Item): Promise<void> {
    stack.push(...(await work(item)).toReversed());
  }
  while (stack.length > 0 || running.size > 0) {
    while (running.size < limit()) {
      const item = stack.pop();
      if (item === undefined) break;
      const one: Promise<void> = begin(item).finally(() => running.delete(one));
      running.add(one);
    }
    await Promise.race(running);
  }
}

/**
 * Runs `work` for every item, at most `limit` of them at a time.
 *
 * @throws the first error that `work` throws; no further item is started after it
 */
export async function mapLimit<Item>(
  items: Iterable<Item>,
  limit: number,
  work: (item: Item) => Promise<void>,
): Promise<void> {
  const waiting = oneByOne(items);
  const worker = async (): Promise<void> => {
    for (const item of waiting) await work(item);
  };
  const workers = Array.isArray(items) ? Math.min(limit, items.length) : limit;
  await Promise.all(Array.from({ length: workers }, worker));
}

/** An iterator that several loops can share. An error in one loop ends it for all of them. */
function* oneByOne<Item>(items: Iterable<Item>): Generator<Item> {
  yield* items;
}

/** How much one batch may hold. */
export interface BatchLimits {
  readonly items: number;
  readonly bytes: number;
}

/**
 * Splits items into batches, in their order, each as full as the limits allow. An item that is larger than a whole batch
 * gets a batch of its own; so does one of infinite size.
 *
 * @param bytesOf what an item counts for the limit in bytes
 */
export function* inBatches<Item>(
  items: Iterable<Item>,
  limits: BatchLimits,
  bytesOf: (item: Item) => number,
): Generator<readonly Item[]> {
  const open = createOpenBatch(limits, bytesOf);
  for (const item of items) {
    const full = open.add(item);
    if (full.length > 0) yield full;
  }
  const rest = open.take();
  if (rest.length > 0) yield rest;
}

/**
 * The same for items that are still coming; it holds one batch at a time. When reading the items fails, the items before the
 * failure are still given out, and then the error is thrown.
 */
export async function* inBatchesAsync<Item>(
  items: AsyncIterable<Item> | Iterable<Item>,
  limits: BatchLimits,
  bytesOf: (item: Item) => number,
): AsyncGenerator<readonly Item[]> {
  const open = createOpenBatch(limits, bytesOf);
  const failures: unknown[] = [];
  try {
    for await (const item of items) {
      const full = open.add(item);
      if (full.length > 0) yield full;
    }
  } catch (error) {
    failures.push(error);
  }
  const rest = open.take();
  if (rest.length > 0) yield rest;
  if (failures.length > 0) throw failures[0];
}

interface OpenBatch<Item> {
  /** Adds an item; gives the batch before it when the item had no room in that one, else an empty batch. */
  readonly add: (item: Item) => readonly Item[];
  /** Gives what is left, and begins anew. */
  readonly take: () => readonly Item[];
}

function createOpenBatch<Item>(limits: BatchLimits, bytesOf: (item: Item) => number): OpenBatch<Item> {
  let batch: Item[] = [];
  let bytes = 0;
  const take = (): readonly Item[] => {
    const taken = batch;
    batch = [];
    bytes = 0;
    return taken;
  };
  return {
    add(item) {
      const size = bytesOf(item);
      const hasRoom = batch.length < limits.items && bytes + size <= limits.bytes;
      const full = batch.length > 0 && !hasRoom ? take() : [];
      batch.push(item);
      bytes += size;
      return full;
    },
    take,
  };
}

/** The most that one batch may hold. */
export interface BatchLimits {
  readonly items: number;
  readonly bytes: number;
}

/**
 * Splits items into batches, in order, each as full as the limits allow. An item that exceeds the byte limit gets a batch to
 * itself; so does one of infinite size.
 *
 * @param bytesOf the size of an item in bytes
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
 * Like `inBatches`, for items that arrive over time. Only one batch is in memory. When reading the items fails, the items
 * read so far are yielded first.
 *
 * @param bytesOf the size of an item in bytes
 * @throws whatever reading `items` throws
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
  /** Adds an item. Returns the previous batch if the item did not fit into it, otherwise an empty array. */
  readonly add: (item: Item) => readonly Item[];
  /** Returns the items of the open batch and starts a new one. */
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

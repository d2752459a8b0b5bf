/**
 * SQS's limits: body and attributes of one message together, and of one batch, in bytes; entries of a batch; attributes of a message.
 *
 * @see https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-messages.html
 */
export const SQS_LIMITS = { bytes: 1024 * 1024, attributes: 10, batchEntries: 10 } as const;

/**
 * JSON within the characters that SQS takes: it refuses U+FFFE and U+FFFF, which JSON allows. What lies beyond the basic plane is
 * escaped as well, which means the same and passes through programs that know only half of Unicode.
 *
 * @see https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html
 */
export function escapeForQueue(json: string): string {
  return json.replaceAll(/[\uD800-\uDFFF\uFFFE\uFFFF]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16)}`);
}

/** Items in their order, in as few batches as SQS's limits allow. */
export function inBatches<Item>(items: readonly Item[], bytesOf: (item: Item) => number): readonly (readonly Item[])[] {
  const batches: Item[][] = [];
  let room = 0;
  for (const item of items) {
    const bytes = bytesOf(item);
    const batch = batches.at(-1);
    if (batch === undefined || batch.length === SQS_LIMITS.batchEntries || bytes > room) {
      batches.push([item]);
      room = SQS_LIMITS.bytes - bytes;
    } else {
      batch.push(item);
      room -= bytes;
    }
  }
  return batches;
}

/** The same for items that are still coming; it holds one batch at a time. */
export async function* inBatchesAsTheyCome<Item>(
  items: AsyncIterable<Item> | Iterable<Item>,
  bytesOf: (item: Item) => number,
): AsyncGenerator<readonly Item[]> {
  let batch: Item[] = [];
  let room: number = SQS_LIMITS.bytes;
  for await (const item of items) {
    const bytes = bytesOf(item);
    if (batch.length === SQS_LIMITS.batchEntries || (batch.length > 0 && bytes > room)) {
      yield batch;
      batch = [];
      room = SQS_LIMITS.bytes;
    }
    batch.push(item);
    room -= bytes;
  }
  if (batch.length > 0) yield batch;
}

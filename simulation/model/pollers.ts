import type { Scheduler } from './scheduler.ts';
import type { Queue, Received } from './sqs.ts';

/** How an invocation ended. */
export type InvocationEnd<Body> =
  /** Lambda deletes all records but the failed ones. */
  | { readonly kind: 'answered'; readonly failed: ReadonlySet<Received<Body>> }
  /** An error, a timeout or a crash: nothing is deleted. */
  | { readonly kind: 'failed' };

export interface PollerOptions<Body> {
  readonly scheduler: Scheduler;
  readonly queue: Queue<Body>;
  /** In [0, 1). */
  readonly random: () => number;
  readonly batchSize: number;
  /** How long a batch may be filled after its first message, in ms. */
  readonly batchWindowMs: number;
  /** How many invocations may run now. Called once at every look into the queue, with the number of messages that wait. */
  readonly concurrency: (waiting: number) => number;
  /** Whether Lambda looks into the queue at all. */
  readonly isPolling: () => boolean;
  /** Whether more messages may come. When none can come and the queue is empty, polling ends. */
  readonly mayGetMore: () => boolean;
  /** Runs the function, and calls `done` once. */
  readonly invoke: (batch: readonly Received<Body>[], done: (end: InvocationEnd<Body>) => void) => void;
  /**
   * The share of received messages that SQS delivers a second time: a standard queue delivers at least once. Such a message is visible again at
   * once.
   */
  readonly duplicateShare: number;
}

/** How often Lambda looks into the queue, in ms. Assumed; its pollers wait for messages, and several look at a time. */
const LOOKS_EVERY_MS = 250;

/** A batch that is being filled. */
interface OpenBatch<Body> {
  readonly openedAt: number;
  readonly records: Received<Body>[];
}

/**
 * A model of Lambda's event source mapping: it fills as many batches at a time as invocations may run, invokes the function with a
 * batch that is full or whose window is over, and deletes what the function does not report as failed. While a batch is being filled, its
 * messages are in flight.
 *
 * @see https://docs.aws.amazon.com/lambda/latest/dg/with-sqs.html
 * @see https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html
 */
export function startPollers<Body>(options: PollerOptions<Body>): void {
  const { scheduler, queue, batchSize, batchWindowMs } = options;
  let open: OpenBatch<Body>[] = [];
  let running = 0;

  function invoke({ records }: OpenBatch<Body>): void {
    running += 1;
    options.invoke(records, (end) => {
      running -= 1;
      if (end.kind === 'answered') {
        for (const record of records) if (!end.failed.has(record)) queue.remove(record.handle);
      }
      // Whoever has ended looks for more at once.
      turn();
    });
  }

  function receive(most: number): readonly Received<Body>[] {
    const records = queue.receive(most);
    for (const { handle } of records) {
      if (options.random() < options.duplicateShare) queue.changeVisibility(handle, 0);
    }
    return records;
  }

  /** Shares what is visible among the batches that are not full yet, in random order, as several pollers would. */
  function fill(free: number): void {
    const started = Array.from({ length: free }, (): OpenBatch<Body> => ({ openedAt: scheduler.now(), records: [] }));
    const batches = shuffle([...open, ...started], options.random);
    for (const [index, { records }] of batches.entries()) {
      const share = Math.ceil(queue.visible() / (batches.length - index));
      records.push(...receive(Math.min(share, batchSize - records.length)));
    }
    open = batches.filter(({ records }) => records.length > 0);
  }

  function isDue({ openedAt, records }: OpenBatch<Body>): boolean {
    return records.length >= batchSize || scheduler.now() - openedAt >= batchWindowMs;
  }

  function turn(): void {
    if (!options.isPolling()) return;
    const waiting = queue.visible();
    // More batches than messages would make no difference, and there may be a thousand of them.
    const free = Math.max(0, Math.min(options.concurrency(waiting) - running - open.length, waiting));
    if (waiting > 0 && open.length + free > 0) fill(free);
    const due = open.filter(isDue);
    open = open.filter((batch) => !isDue(batch));
    for (const batch of due) invoke(batch);
  }

  function look(): void {
    turn();
    if (options.mayGetMore() || queue.size() > 0) scheduler.at(scheduler.now() + LOOKS_EVERY_MS, look);
  }

  scheduler.at(scheduler.now(), look);
}

function shuffle<Value>(values: readonly Value[], random: () => number): readonly Value[] {
  if (values.length < 2) return values;
  return values
    .map((value) => ({ value, place: random() }))
    .toSorted((a, b) => a.place - b.place)
    .map(({ value }) => value);
}

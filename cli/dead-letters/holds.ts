import type { SQSClient } from '@aws-sdk/client-sqs';
import { inBatches } from '../../lib/batches.ts';
import { mapLimit } from '../../lib/map-limit.ts';
import { refusedVisibilityChanges } from '../../lib/sqs/change-visibility.ts';
import { isFifo } from '../../lib/sqs/fifo.ts';
import { SQS_BATCH_LIMITS } from '../../lib/sqs/limits.ts';
import type { DeadLetter } from './read-dead-letter.ts';

/** Concurrent ChangeMessageVisibilityBatch calls. */
const PARALLEL_CHANGES = 8;

/** The messages that this process has received and not deleted: no other reader gets them. */
export interface Holds {
  readonly size: () => number;
  readonly add: (deadLetters: readonly DeadLetter[]) => void;
  /** Forgets messages that were deleted, by id. */
  readonly forget: (ids: Iterable<string>) => void;
  /** Holds all of them for a whole visibility timeout from now. A message that SQS no longer counts as held is forgotten. */
  readonly extend: () => Promise<void>;
  /** Makes all of them visible again, and forgets them. */
  readonly release: () => Promise<void>;
}

/**
 * Creates an empty set of held messages. `extend` and `release` wait for each other, so that a message that was made visible
 * is not held again. Both ignore errors: a message becomes visible anyway when its visibility timeout ends.
 */
export function createHolds(client: SQSClient, queueUrl: string, visibilityTimeoutS: number): Holds {
  /** The latest receipt handle of each message, by id. */
  const held = new Map<string, string>();
  let working: Promise<void> = Promise.resolve();
  const inTurn = (work: () => Promise<void>): Promise<void> => (working = working.then(work));

  async function change(entries: readonly (readonly [string, string])[], timeoutS: number): Promise<void> {
    const changeBatch = async (batch: typeof entries): Promise<void> => {
      const changes = batch.map(([, receiptHandle]) => ({ receiptHandle, visibilityTimeoutS: timeoutS }));
      const refused = new Set(await refusedVisibilityChanges(client, queueUrl, changes).catch((): string[] => []));
      // Meanwhile it may have been received again, with another handle.
      for (const [id, handle] of batch) if (refused.has(handle) && held.get(id) === handle) held.delete(id);
    };
    const parallel = isFifo(queueUrl) ? 1 : PARALLEL_CHANGES;
    await mapLimit(
      inBatches(entries, SQS_BATCH_LIMITS, () => 0),
      parallel,
      changeBatch,
    );
  }

  return {
    size: () => held.size,
    add(deadLetters) {
      for (const { id, receiptHandle } of deadLetters) held.set(id, receiptHandle);
    },
    forget(ids) {
      for (const id of ids) held.delete(id);
    },
    extend: () => inTurn(() => change([...held], visibilityTimeoutS)),
    release: () =>
      inTurn(async () => {
        // The last one first: some servers put a message back to the front of its group.
        const all = [...held].toReversed();
        held.clear();
        await change(all, 0);
      }),
  };
}

import type { SQSClient } from '@aws-sdk/client-sqs';
import { systemClock, type Clock } from '../../lib/clock.ts';
import { readQueueState, totalOf, type QueueState } from '../../lib/sqs/count-messages.ts';
import { isFifo } from '../../lib/sqs/fifo.ts';
import { SQS_BATCH_LIMITS } from '../../lib/sqs/limits.ts';
import { receive } from '../../lib/sqs/receive.ts';
import { DEFAULT_WAIT_S } from './default-wait.ts';
import { createHolds, type Holds } from './holds.ts';
import { readDeadLetter, type DeadLetter } from './read-dead-letter.ts';

/** Concurrent ReceiveMessage calls. On a FIFO queue one, since a group is locked while one of its messages is in flight. */
const PARALLEL_RECEIVES = 4;
/** How often in a row SQS has to say that nothing is left. Its counts are approximate. */
const AGREEING_COUNTS = 2;
/** How often the held messages of a FIFO queue are released without a new one behind them, before that is given up. */
const FRUITLESS_RELEASES = 2;
/** How often each held message may come again, without a new one, before the counts are asked. */
const MOST_REPEATS = 3;
/** A hold is extended this often within its visibility timeout. */
const EXTENSIONS_PER_TIMEOUT = 3;

/** How dead letters are received. */
export interface VisitOptions {
  /** The visibility timeout of received dead letters, in seconds. It is extended, and ends only if this process dies. */
  readonly visibilityTimeoutS: number;
  /** Stops before the next batch. */
  readonly signal: AbortSignal;
  /** How many polls of one second to wait for messages that are counted and do not come; `DEFAULT_WAIT_S` by default. */
  readonly waitS?: number;
  readonly clock?: Clock;
  /** Repeats `work` every `everyMs` ms, and returns a function that ends it. A timer of the system by default. */
  readonly repeat?: (work: () => void, everyMs: number) => () => void;
}

/** Messages that are in the queue and could not be seen. */
export interface Unseen {
  readonly count: number;
  /** In flight for another reader. */
  readonly heldByOthers: number;
  readonly delayed: number;
  /** Visible, and yet SQS has not delivered them: on a FIFO queue those behind others of their message group. */
  readonly notDelivered: number;
  /** When another reader's hold ends at the latest if that reader has ended, in ms since 1970. */
  readonly visibleAgainBy: number;
}

/** How much of a queue was visited. */
export type Visited =
  | { readonly kind: 'complete' }
  | { readonly kind: 'interrupted' }
  | { readonly kind: 'incomplete'; readonly unseen: Unseen };

/**
 * Calls `visit` with every message in a dead-letter queue, once each. SQS messages cannot be read without receiving them, so
 * they are held until the end, and others do not see them meanwhile. At the end, and after an interruption, all messages that
 * were not deleted are made visible again.
 *
 * An empty receive does not mean that all was seen: SQS's counts have to say so, twice in a row, while every message that they
 * count is held here. Otherwise it goes on receiving for `waitS` polls, and then says what it could not see. On a FIFO queue a
 * message is delivered only when none before it in its group is in flight, and ten at once at most; so the held ones are released
 * and received again as long as that brings new ones.
 *
 * @param visit returns the ids of the messages that it has deleted
 * @throws the SDK's error if a call fails
 */
export async function visitDeadLetters(
  client: SQSClient,
  queueUrl: string,
  options: VisitOptions,
  visit: (deadLetters: readonly DeadLetter[]) => Promise<ReadonlySet<string>> | ReadonlySet<string>,
): Promise<Visited> {
  const { visibilityTimeoutS, signal, waitS = DEFAULT_WAIT_S, clock = systemClock, repeat = repeatBySystem } = options;
  const holds = createHolds(client, queueUrl, visibilityTimeoutS);
  const stopExtending = repeat(() => void holds.extend(), (visibilityTimeoutS * 1000) / EXTENSIONS_PER_TIMEOUT);
  const seen = new Set<string>();
  /** Since the last new message: empty polls, counts in a row that leave nothing, releases, and messages that came again. */
  let [polls, agreeing, releases, repeated] = [0, 0, 0, 0];
  try {
    for (;;) {
      if (signal.aborted) return { kind: 'interrupted' };
      const received = await receiveSome(client, queueUrl, visibilityTimeoutS, holds);
      if (signal.aborted) return { kind: 'interrupted' };
      const fresh = [...new Map(received.filter(({ id }) => !seen.has(id)).map((one) => [one.id, one])).values()];
      if (fresh.length > 0) {
        [polls, agreeing, releases, repeated] = [0, 0, 0, 0];
        for (const { id } of fresh) seen.add(id);
        holds.forget(await visit(fresh));
        continue;
      }
      repeated += received.length;
      if (received.length > 0 && repeated <= MOST_REPEATS * (holds.size() + SQS_BATCH_LIMITS.items)) continue;
      polls += 1;
      const state = await readQueueState(client, queueUrl);
      const isAllHeld = totalOf(state) <= holds.size();
      agreeing = isAllHeld ? agreeing + 1 : 0;
      if (agreeing === AGREEING_COUNTS) return { kind: 'complete' };
      const isBehindHeld = isFifo(queueUrl) && state.visible > 0 && holds.size() > 0;
      if (isBehindHeld && releases < FRUITLESS_RELEASES) {
        releases += 1;
        await holds.release();
      } else if (!isAllHeld && (isBehindHeld || polls >= waitS)) {
        return { kind: 'incomplete', unseen: unseenOf(state, holds, options, clock) };
      }
    }
  } finally {
    stopExtending();
    await holds.release();
  }
}

function unseenOf(state: QueueState, holds: Holds, { visibilityTimeoutS }: VisitOptions, clock: Clock): Unseen {
  const count = totalOf(state) - holds.size();
  const heldByOthers = Math.min(count, Math.max(0, state.notVisible - holds.size()));
  const delayed = Math.min(count - heldByOthers, state.delayed);
  const longestS = Math.max(visibilityTimeoutS, state.visibilityTimeoutS);
  return {
    count,
    heldByOthers,
    delayed,
    notDelivered: count - heldByOthers - delayed,
    visibleAgainBy: clock.now() + longestS * 1000,
  };
}

/** Holds what it returns. If one of the calls fails, the messages of the others are held as well, so that they are released. */
async function receiveSome(
  client: SQSClient,
  queueUrl: string,
  visibilityTimeoutS: number,
  holds: Holds,
): Promise<readonly DeadLetter[]> {
  const receives = Array.from({ length: isFifo(queueUrl) ? 1 : PARALLEL_RECEIVES }, async () => {
    const received = (await receive(client, queueUrl, { visibilityTimeoutS, waitS: 1 })).map(readDeadLetter);
    holds.add(received);
    return received;
  });
  await Promise.allSettled(receives);
  return (await Promise.all(receives)).flat();
}

function repeatBySystem(work: () => void, everyMs: number): () => void {
  const timer = setInterval(work, everyMs).unref();
  return () => clearInterval(timer);
}

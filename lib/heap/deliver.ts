import type { Clock } from '../clock.ts';
import { mapLimit } from '../map-limit.ts';
import { deferred, type Outcome } from '../outcome.ts';
import type { AdaptiveBatchSize } from './adaptive-batch-size.ts';
import { EXTRA_REQUESTS, sendBisecting, type BisectBudget } from './bisect.ts';
import { BULK_LIMITS, groupByApp, toRequests, type BulkRequest, type Entry, type PendingCall } from './bulk.ts';
import type { HeapClient } from './client.ts';
import type { LimitReason, RateLimiter, RateLimits } from './rate-limiter.ts';

/** Apps whose requests are under way at once. */
const PARALLEL_APPS = 8;

export interface DeliverDependencies {
  readonly client: HeapClient;
  readonly rateLimiter: RateLimiter;
  readonly rateLimits: RateLimits;
  readonly batchSize: AdaptiveBatchSize;
  readonly clock: Clock;
}

/**
 * Brings calls to Heap in bulk.
 *
 * @param deadline when to stop sending, in ms since 1970; what is unsent by then is deferred
 * @returns the outcome of every call: delivered, rejected or deferred
 */
export type Deliver = (calls: readonly PendingCall[], deadline: number) => Promise<ReadonlyMap<PendingCall, Outcome>>;

/** Makes the function that delivers. Everything that it remembers is in its dependencies. */
export function createDeliver({ client, rateLimiter, rateLimits, batchSize, clock }: DeliverDependencies): Deliver {
  /** The outcome of an entry that has no room in a rate limit: it queues behind those that wait already. */
  function queueUp(appId: string, { identity }: Entry, reason: LimitReason): Outcome {
    const retryAfterMs = rateLimiter.queueUp(appId, identity, reason, clock.now());
    return deferred(reason, "no room within Heap's rate limit yet", { retryAfterMs });
  }

  /** Leaves out what one identity sends beyond its share: it waits for its own window and delays nobody else. */
  function toRequestsWithinLimits(group: BulkRequest, onOutcome: OnOutcome): readonly BulkRequest[] {
    const items = batchSize.of(group.appId);
    if (group.kind !== 'track') return toRequests(group, { ...BULK_LIMITS, items });
    const { kept, surplus } = splitSurplus(group, rateLimiter, clock.now());
    for (const entry of surplus) onOutcome(entry, queueUp(group.appId, entry, 'paced_identity'));
    return toRequests(kept, { ...BULK_LIMITS, items: Math.min(items, rateLimits.perApp) });
  }

  return async (calls, deadline) => {
    const outcomes = new Map<PendingCall, Outcome>();
    const budget: BisectBudget = { extraRequests: EXTRA_REQUESTS };
    const onOutcome: OnOutcome = (entry, outcome) => {
      for (const call of entry.calls) outcomes.set(call, outcome);
    };
    // An app that has to wait for its rate limit does not make the others wait.
    await mapLimit(groupByApp(calls), PARALLEL_APPS, async ([appId, groups]) => {
      const unfinished = await sendBisecting(
        groups.flatMap((group) => toRequestsWithinLimits(group, onOutcome)),
        (request) => client.send(request, deadline),
        (entry, outcome) => onOutcome(entry, isRateLimited(outcome) ? queueUp(appId, entry, outcome.reason) : outcome),
        budget,
      );
      batchSize.learn(appId, unfinished);
    });
    return outcomes;
  };
}

type OnOutcome = (entry: Entry, outcome: Outcome) => void;

function isRateLimited(outcome: Outcome): outcome is Outcome & { readonly reason: LimitReason } {
  return outcome.kind === 'deferred' && (outcome.reason === 'paced_app' || outcome.reason === 'paced_identity');
}

/**
 * Parts a group into what its identities' limits have room for, and the surplus. The quietest identities go first, so that a
 * request that has to be repeated and finds no room holds a noisy one's events.
 */
function splitSurplus(
  group: BulkRequest,
  rateLimiter: RateLimiter,
  now: number,
): { readonly kept: BulkRequest; readonly surplus: readonly Entry[] } {
  const kept: Entry[] = [];
  const surplus: Entry[] = [];
  const byIdentity = Map.groupBy(group.entries, (entry) => entry.identity);
  for (const [identity, entries] of [...byIdentity].toSorted(([, a], [, b]) => a.length - b.length)) {
    let room = rateLimiter.roomFor(group.appId, identity, now);
    for (const entry of entries) {
      (room > 0 ? kept : surplus).push(entry);
      room -= 1;
    }
  }
  return { kept: { ...group, entries: kept }, surplus };
}

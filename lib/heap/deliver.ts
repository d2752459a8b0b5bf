import type { Clock } from '../clock.ts';
import { mapLimit } from '../map-limit.ts';
import { deferred, type Outcome } from '../outcome.ts';
import type { AdaptiveBatchSize } from './adaptive-batch-size.ts';
import { EXTRA_REQUESTS, sendBisecting, type BisectBudget } from './bisect.ts';
import { BULK_LIMITS, groupByApp, toRequests, type BulkRequest, type Entry, type PendingCall } from './bulk.ts';
import type { HeapClient } from './client.ts';
import type { LimitReason, RateLimiter, RateLimits } from './rate-limiter.ts';

/** Apps that are served concurrently. */
const PARALLEL_APPS = 8;

/** What delivering uses. All state between invocations is kept here. */
export interface DeliverDependencies {
  readonly client: HeapClient;
  readonly rateLimiter: RateLimiter;
  readonly rateLimits: RateLimits;
  readonly batchSize: AdaptiveBatchSize;
  readonly clock: Clock;
}

/**
 * Sends calls to Heap in bulk requests.
 *
 * @param deadline when to stop sending, in ms since 1970; calls unsent by then are deferred
 * @returns the outcome of every call: delivered, rejected or deferred
 */
export type Deliver = (calls: readonly PendingCall[], deadline: number) => Promise<ReadonlyMap<PendingCall, Outcome>>;

/** Creates the function that delivers calls to Heap. */
export function createDeliver({ client, rateLimiter, rateLimits, batchSize, clock }: DeliverDependencies): Deliver {
  /** Defers an entry that exceeds a rate limit, behind the entries that are already waiting for it. */
  function queueUp(appId: string, { identity }: Entry, reason: LimitReason): Outcome {
    const retryAfterMs = rateLimiter.queueUp(appId, identity, reason, clock.now());
    return deferred(reason, "no room within Heap's rate limit yet", { retryAfterMs });
  }

  /** Defers the entries that exceed their identity's rate limit, so that they do not delay other identities. */
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
    // Apps run concurrently, so that one that waits for its rate limit does not delay the others.
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
 * Splits a group into the entries that fit within their identities' rate limits, and the surplus. Identities with few
 * entries go into the first requests, so that a request that finds no room at a retry holds entries of a busy identity.
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

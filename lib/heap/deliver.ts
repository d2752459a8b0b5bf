import type { Clock } from '../clock.ts';
import { mapLimit } from '../map-limit.ts';
import { deferred, type Deferred, type Outcome } from '../outcome.ts';
import type { Acceptances } from './acceptances.ts';
import type { AdaptiveBatchSize } from './adaptive-batch-size.ts';
import { BULK_LIMITS, groupByApp, toRequests, type BulkRequest, type Entry, type PendingCall } from './bulk.ts';
import type { HeapClient } from './client.ts';
import { EXTRA_REQUESTS, type BisectBudget } from './exchange.ts';
import { NO_ROOM, type LimitReason, type RateLimiter } from './rate-limiter.ts';
import { sendRequests } from './send-requests.ts';
import { keepSize } from './smaller-requests.ts';

/** Apps that are served concurrently. */
const PARALLEL_APPS = 8;

/** What delivering uses. All state between invocations is kept here. */
export interface DeliverDependencies {
  readonly client: HeapClient;
  readonly rateLimiter: RateLimiter;
  readonly batchSize: AdaptiveBatchSize;
  readonly acceptances: Acceptances;
  readonly clock: Clock;
  /** Called with the number of track events that were not sent because the same event is in the batch, if there are any. */
  readonly onMerged: (events: number) => void;
}

/**
 * Sends calls to Heap in bulk requests, and gives every call its outcome: delivered, rejected or deferred.
 *
 * @param deadline when to stop sending, in ms since 1970; calls unsent by then are deferred
 */
export type Deliver = (calls: readonly PendingCall[], deadline: number) => Promise<void>;

/** Creates the function that delivers calls to Heap. */
export function createDeliver({
  client,
  rateLimiter,
  batchSize,
  acceptances,
  clock,
  onMerged,
}: DeliverDependencies): Deliver {
  /** Defers an entry that exceeds a rate limit, behind the entries that are already waiting for it. */
  function queueUp(appId: string, { identity }: Entry, outcome: RateLimited): Outcome {
    return { ...outcome, retryAfterMs: rateLimiter.queueUp(appId, identity, outcome.reason, clock.now()) };
  }

  /** Defers the entries that exceed their identity's rate limit, so that they do not delay other identities. */
  function toRequestsWithinLimits(group: BulkRequest): readonly BulkRequest[] {
    const items = batchSize.of(group.appId);
    if (group.kind !== 'track') return toRequests(group, { ...BULK_LIMITS, items });
    const { kept, surplus } = splitSurplus(group, rateLimiter, clock.now());
    for (const entry of surplus) {
      const reason = 'paced_identity';
      const deferral = deferred(reason, NO_ROOM, keepSize({ entries: [entry] }));
      assign(entry, queueUp(group.appId, entry, { ...deferral, reason }));
    }
    return toRequests(kept, {
      ...BULK_LIMITS,
      items: Math.min(items, rateLimiter.requestSize(group.appId, kept.entries.length, clock.now())),
    });
  }

  return async (calls, deadline) => {
    const budget: BisectBudget = { extraRequests: EXTRA_REQUESTS };
    // Apps run concurrently, so that one that waits for its rate limit does not delay the others.
    await mapLimit(groupByApp(calls), PARALLEL_APPS, async ([appId, groups]) => {
      let accepted = 0;
      let bad = 0;
      const merged = groups.reduce((sum, group) => sum + countMerged(group), 0);
      if (merged > 0) onMerged(merged);
      const lesson = await sendRequests(
        groups.flatMap((group) => toRequestsWithinLimits(group)),
        {
          send: (request) => client.send(request, deadline),
          onOutcome(entry, outcome) {
            if (outcome.kind === 'delivered') accepted += 1;
            if (outcome.kind === 'rejected') bad += 1;
            assign(entry, isRateLimited(outcome) ? queueUp(appId, entry, outcome) : outcome);
          },
          budget,
          endpointOf: (kind) => acceptances(appId, kind),
          now: clock.now,
          headStart: (work) => untilDoneOr(work, (deadline - clock.now()) / 2, clock),
        },
      );
      batchSize.learn(appId, { ...lesson, accepted, bad });
    });
  };
}

/** Waits until `work` is done or `ms` have passed. */
async function untilDoneOr(work: Promise<void>, ms: number, clock: Clock): Promise<void> {
  const done = new AbortController();
  await Promise.race([work, clock.sleep(ms, done.signal)]);
  done.abort();
}

/** Gives the calls of an entry their outcome. */
function assign({ calls }: Entry, outcome: Outcome): void {
  for (const call of calls) call.outcome = keepFindings(call, outcome);
}

/** What a container has found out about a call by its refusals is kept until its outcome is final. */
function keepFindings({ refusedAloneAt, mostCalls }: PendingCall, outcome: Outcome): Outcome {
  if (outcome.kind !== 'deferred' || (refusedAloneAt ?? mostCalls) === undefined) return outcome;
  return {
    ...outcome,
    mostCalls: outcome.mostCalls ?? mostCalls,
    refusedAloneAt: refusedAloneAt ?? outcome.refusedAloneAt,
  };
}

type RateLimited = Deferred & { readonly reason: LimitReason };

/** User properties of one identity are merged on purpose, so only track events count. */
function countMerged({ kind, entries }: BulkRequest): number {
  return kind === 'track' ? entries.reduce((sum, { calls }) => sum + calls.length - 1, 0) : 0;
}

function isRateLimited(outcome: Outcome): outcome is RateLimited {
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

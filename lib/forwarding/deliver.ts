import type { Clock } from '../clock.ts';
import {
  BULK_LIMITS,
  groupEntries,
  packRequests,
  type Entry,
  type EntryGroup,
  type PendingCall,
} from '../heap/bulk.ts';
import type { HeapClient, Try } from '../heap/client.ts';
import { EXTRA_REQUESTS, sendCuttingOut, type CutOutBudget, type EntryOutcome } from '../heap/cut-out.ts';
import type { Pace, Pacer } from '../heap/pacing.ts';

export interface DeliverDependencies {
  readonly client: HeapClient;
  readonly pacer: Pacer;
  readonly pace: Pace;
  readonly clock: Clock;
}

/**
 * Brings calls to Heap in bulk.
 *
 * @param deadline when to stop sending, in ms since 1970; what is unsent by then is deferred
 * @returns the outcome of every call
 */
export async function deliver(
  calls: readonly PendingCall[],
  deadline: number,
  onTry: (happened: Try) => void,
  { client, pacer, pace, clock }: DeliverDependencies,
): Promise<ReadonlyMap<PendingCall, EntryOutcome>> {
  const outcomes = new Map<PendingCall, EntryOutcome>();
  const budget: CutOutBudget = { extraRequests: EXTRA_REQUESTS };

  function settle(entry: Entry, outcome: EntryOutcome): void {
    for (const call of entry.calls) outcomes.set(call, outcome);
  }

  for (const group of groupEntries(calls)) {
    const limits = {
      ...BULK_LIMITS,
      entries: Math.min(BULK_LIMITS.entries, group.kind === 'track' ? pace.perApp : Infinity),
    };
    const refusals = { aloneInARow: 0 };
    for (const request of packRequests(group.kind === 'track' ? withoutSurplus(group) : group, limits)) {
      await sendCuttingOut(request, (part) => client.send(part, deadline, onTry), settle, budget, refusals);
    }
  }
  return outcomes;

  /** Leaves out what one identity sends beyond its share: it waits for its own window and holds nobody up. */
  function withoutSurplus(group: EntryGroup): EntryGroup {
    const { appId } = group;
    const now = clock.now();
    const kept: Entry[] = [];
    for (const [identity, entries] of Map.groupBy(group.entries, (entry) => entry.identity)) {
      const room = pacer.roomFor(appId, identity, now);
      kept.push(...entries.slice(0, room));
      for (const [index, entry] of entries.slice(room).entries()) {
        const windowsToWait = Math.floor(index / pace.perIdentity);
        const first = room === 0 ? pacer.waitForIdentity(appId, identity, now) : pace.windowMs;
        settle(entry, {
          kind: 'deferred',
          reason: 'paced_identity',
          detail: "more events of one identity than Heap's rate limit allows",
          retryAfterMs: first + windowsToWait * pace.windowMs,
        });
      }
    }
    return { ...group, entries: kept };
  }
}

import type { Clock } from '../clock.ts';
import { inParallel } from '../in-parallel.ts';
import {
  BULK_LIMITS,
  groupEntries,
  packRequests,
  type BulkRequest,
  type Entry,
  type EntryGroup,
  type PendingCall,
} from '../heap/bulk.ts';
import type { HeapClient, Try } from '../heap/client.ts';
import { EXTRA_REQUESTS, sendCuttingOut, type CutOutBudget, type EntryOutcome } from '../heap/cut-out.ts';
import type { EntryLimit } from '../heap/entry-limit.ts';
import type { Pace, Pacer } from '../heap/pacing.ts';

/** Apps whose requests are under way at once. */
const PARALLEL_APPS = 8;

export interface DeliverDependencies {
  readonly client: HeapClient;
  readonly pacer: Pacer;
  readonly pace: Pace;
  readonly entryLimit: EntryLimit;
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
  { client, pacer, pace, entryLimit, clock }: DeliverDependencies,
): Promise<ReadonlyMap<PendingCall, EntryOutcome>> {
  const outcomes = new Map<PendingCall, EntryOutcome>();
  const budget: CutOutBudget = { extraRequests: EXTRA_REQUESTS };

  function settle(entry: Entry, outcome: EntryOutcome): void {
    for (const call of entry.calls) outcomes.set(call, outcome);
  }

  function settleSent(appId: string, entry: Entry, outcome: EntryOutcome): void {
    const isPaced =
      outcome.kind === 'deferred' && (outcome.reason === 'paced_app' || outcome.reason === 'paced_identity');
    if (isPaced) settlePaced(appId, entry, outcome.reason);
    else settle(entry, outcome);
  }

  function requestsOf(group: EntryGroup): readonly BulkRequest[] {
    const isTrack = group.kind === 'track';
    const most = Math.min(entryLimit.of(group.appId), isTrack ? pace.perApp : Infinity);
    return packRequests(isTrack ? withoutSurplus(group) : group, { ...BULK_LIMITS, entries: most });
  }

  // An app that has to wait for its pace does not make the others wait.
  await inParallel([...groupEntries(calls)], PARALLEL_APPS, async ([appId, groups]) => {
    const unfinished = await sendCuttingOut(
      groups.flatMap(requestsOf),
      (request) => client.send(request, deadline, onTry),
      (entry, outcome) => settleSent(appId, entry, outcome),
      budget,
    );
    entryLimit.note(appId, unfinished);
  });
  return outcomes;

  /**
   * Leaves out what one identity sends beyond its share: it waits for its own window and holds nobody up. The quietest go
   * first, so that a request that has to be repeated and finds no room is a noisy one's.
   */
  function withoutSurplus(group: EntryGroup): EntryGroup {
    const now = clock.now();
    const kept: Entry[] = [];
    const byIdentity = Map.groupBy(group.entries, (entry) => entry.identity);
    for (const [identity, entries] of [...byIdentity].toSorted(([, a], [, b]) => a.length - b.length)) {
      const room = pacer.roomFor(group.appId, identity, now);
      kept.push(...entries.slice(0, room));
      for (const entry of entries.slice(room)) settlePaced(group.appId, entry, 'paced_identity');
    }
    return { ...group, entries: kept };
  }

  function settlePaced(appId: string, entry: Entry, reason: 'paced_app' | 'paced_identity'): void {
    const retryAfterMs = pacer.queueUp(appId, entry.identity, reason, clock.now());
    settle(entry, { kind: 'deferred', reason, detail: "no room within Heap's rate limit yet", retryAfterMs });
  }
}

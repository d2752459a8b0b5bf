import { rejected, type Deferred, type DeferReason, type Delivered, type Rejected } from '../outcome.ts';
import { halve, type BulkRequest, type Entry } from './bulk.ts';
import type { SendResult } from './client.ts';

type Refused = Extract<SendResult, { kind: 'refused' }>;

/** What Heap has made of an entry. */
export type EntryOutcome = Delivered | Rejected | Deferred;

/** What one invocation may still spend on cutting out bad entries; shared by all its requests. */
export interface CutOutBudget {
  extraRequests: number;
}

/** Requests beyond the planned ones, an invocation. */
export const EXTRA_REQUESTS = 200;

/** So many entries refused alone and none accepted: then it is not the entries. */
const REFUSED_ALONE_AT_MOST = 8;
/** Fewer undecided entries than this are worth their requests: each gets an answer of its own. */
const FEW_UNDECIDED = 24;

/** There was no time left, or no room in Heap's rate limits: cutting out sends the same events several times. */
const RAN_OUT: ReadonlySet<DeferReason> = new Set(['out_of_time', 'paced_app', 'paced_identity']);

/**
 * Sends the bulk requests of one app. One that Heap refuses is halved until the bad entries stand alone: Heap names no
 * entry, and nobody knows whether a refused request has been stored in part; idempotency keys make the second sending
 * harmless. Every request is sent once before any is halved, so that bad entries never take the time of good ones.
 *
 * Only an entry that was refused alone is rejected. When Heap refuses everything (a wrong app id), or the budget is spent,
 * the undecided are deferred and not guessed.
 *
 * @returns the entries of the smallest request that there was no time or no room to cut out further; undefined: none
 */
export async function sendCuttingOut(
  requests: readonly BulkRequest[],
  send: (request: BulkRequest) => Promise<SendResult>,
  settle: (entry: Entry, outcome: EntryOutcome) => void,
  budget: CutOutBudget,
): Promise<number | undefined> {
  let unfinished: number | undefined;
  const refused: [BulkRequest, Refused][] = [];
  for (const request of requests) {
    const result = await sendAndSettle(request);
    if (result.kind === 'refused') refused.push([request, result]);
  }
  for (const kind of ['add_user_properties', 'track'] as const) {
    await cutOut(refused.filter(([request]) => request.kind === kind));
  }
  return unfinished;

  /** Settles all but a refusal. */
  async function sendAndSettle(request: BulkRequest): Promise<SendResult> {
    const result = await send(request);
    if (result.kind === 'accepted') settleAll(request, { kind: 'delivered' });
    if (result.kind === 'postponed') settleAll(request, { ...result, kind: 'deferred' });
    return result;
  }

  /** The first half is dealt with to its end before the second is sent: what is earlier reaches Heap earlier. */
  async function cutOut(known: readonly [BulkRequest, Refused][]): Promise<void> {
    let refusedAlone = 0;
    const undealt: [BulkRequest, Refused | undefined][] = known.toReversed();
    for (let next = undealt.pop(); next !== undefined; next = undealt.pop()) {
      const [request, refusal] = next;
      const result = refusal ?? (await sendAndSettle(request));
      if (result.kind === 'accepted') refusedAlone = 0;
      if (result.kind === 'postponed') {
        if (RAN_OUT.has(result.reason)) unfinished = Math.min(unfinished ?? Infinity, request.entries.length);
        // What is left of the same user's properties is later: it must not overtake.
        while (isRestOf(request, undealt.at(-1)?.[0])) settleAll(undealt.pop()?.[0], { ...result, kind: 'deferred' });
      }
      if (result.kind !== 'refused') continue;

      const parts = halve(request);
      const undecidedEntries = undealt.reduce((sum, [{ entries }]) => sum + entries.length, request.entries.length);
      if (parts === undefined) {
        refusedAlone += 1;
        settleAll(
          request,
          rejected(result.status === 413 ? 'too_large' : 'heap_refused', result.detail, result.status),
        );
      } else if (refusedAlone >= REFUSED_ALONE_AT_MOST && undecidedEntries > FEW_UNDECIDED) {
        settleAll(request, undecided('Heap refuses every entry, so the settings may be wrong', result));
      } else if (budget.extraRequests < parts.length) {
        settleAll(request, undecided('more bad entries than one invocation can cut out', result));
      } else {
        budget.extraRequests -= parts.length;
        undealt.push(...parts.toReversed().map((part): [BulkRequest, undefined] => [part, undefined]));
      }
    }
  }

  function settleAll(request: BulkRequest | undefined, outcome: EntryOutcome): void {
    for (const entry of request?.entries ?? []) settle(entry, outcome);
  }
}

/** Whether `other` holds later properties of the one user that `request` is about. */
function isRestOf(request: BulkRequest, other: BulkRequest | undefined): boolean {
  const [entry, ...more] = request.entries;
  return (
    request.kind === 'add_user_properties' &&
    more.length === 0 &&
    other?.entries.length === 1 &&
    other.entries[0]?.identity === entry?.identity
  );
}

function undecided(why: string, { status, detail }: Refused): Deferred {
  return { kind: 'deferred', reason: 'undecided', detail: `${why}; ${detail}`, heapStatus: status };
}

import { deferred, isFailure, rejected, type Deferred, type Outcome } from '../outcome.ts';
import { halve, type BulkRequest, type Entry } from './bulk.ts';
import type { Refused } from './answer.ts';
import type { SendResult } from './client.ts';

/** What one invocation may still spend on bisecting; shared by all its requests. */
export interface BisectBudget {
  extraRequests: number;
}

/** Requests beyond the planned ones, an invocation. */
export const EXTRA_REQUESTS = 200;

/** So many entries refused alone and none accepted: then the fault is not in the entries. */
const REFUSED_ALONE_AT_MOST = 8;
/** Fewer undecided entries than this are worth their requests: each gets an answer of its own. */
const FEW_UNDECIDED = 24;

/** A request that Heap may have refused already. */
interface Open {
  readonly request: BulkRequest;
  readonly refusal: Refused | undefined;
}

/**
 * Sends the bulk requests of one app. One that Heap refuses is bisected until the bad entries stand alone: Heap names no
 * entry, and nobody knows whether a refused request has been stored in part; idempotency keys make sending it again harmless.
 * Every request is sent once before any is bisected, so that bad entries never take the time of good ones.
 *
 * Only an entry that was refused alone is rejected. When Heap refuses everything (for example because the app id is wrong),
 * or when the budget is spent, the undecided entries are deferred.
 *
 * @param onOutcome told of the outcome of every entry, once
 * @returns the entries of the smallest request that there was no time or no room to bisect further; undefined: none
 */
export async function sendBisecting(
  requests: readonly BulkRequest[],
  send: (request: BulkRequest) => Promise<SendResult>,
  onOutcome: (entry: Entry, outcome: Outcome) => void,
  budget: BisectBudget,
): Promise<number | undefined> {
  let unfinished: number | undefined;
  const refused: Open[] = [];
  for (const request of requests) {
    const result = await send(request);
    if (result.kind === 'refused') refused.push({ request, refusal: result });
    else assign(request, result);
  }
  for (const ofKind of Map.groupBy(refused, ({ request }) => request.kind).values()) await bisect(ofKind);
  return unfinished;

  /** The first half is dealt with to its end before the second is sent: what is earlier reaches Heap earlier. */
  async function bisect(known: readonly Open[]): Promise<void> {
    let refusedAlone = 0;
    const stack = known.toReversed();
    for (let next = stack.pop(); next !== undefined; next = stack.pop()) {
      const { request } = next;
      const result = next.refusal ?? (await send(request));
      if (result.kind === 'delivered') {
        refusedAlone = 0;
        assign(request, result);
      } else if (result.kind === 'deferred') {
        // No time or no room was left: bisecting sends the same events several times.
        if (!isFailure(result)) unfinished = Math.min(unfinished ?? Infinity, request.entries.length);
        assign(request, result);
        // What is left of the same user's properties is later: it must not overtake.
        while (isRestOf(request, stack.at(-1)?.request)) assign(stack.pop()?.request, result);
      } else {
        const undecided = stack.reduce((sum, open) => sum + open.request.entries.length, request.entries.length);
        const isEveryEntryRefused = refusedAlone >= REFUSED_ALONE_AT_MOST && undecided > FEW_UNDECIDED;
        const parts = halve(request);
        if (parts === undefined) refusedAlone += 1;
        const outcome = parts === undefined ? rejectedAlone(result) : cannotBisect(result, isEveryEntryRefused, budget);
        if (outcome !== undefined) assign(request, outcome);
        else stack.push(...(parts ?? []).toReversed().map((part): Open => ({ request: part, refusal: undefined })));
      }
    }
  }

  function assign(request: BulkRequest | undefined, outcome: Outcome): void {
    for (const entry of request?.entries ?? []) onOutcome(entry, outcome);
  }
}

function rejectedAlone({ status, detail }: Refused): Outcome {
  return rejected(status === 413 ? 'too_large' : 'heap_refused', detail, status);
}

/** Takes two requests from the budget. Undefined where bisecting makes sense, else the outcome of all entries. */
function cannotBisect(
  { status, detail }: Refused,
  isEveryEntryRefused: boolean,
  budget: BisectBudget,
): Deferred | undefined {
  const undecided = (why: string): Deferred => deferred('undecided', `${why}; ${detail}`, { heapStatus: status });
  if (isEveryEntryRefused) return undecided('Heap refuses every entry, so the settings may be wrong');
  if (budget.extraRequests < 2) return undecided('there are more bad entries than one invocation can bisect');
  budget.extraRequests -= 2;
  return undefined;
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

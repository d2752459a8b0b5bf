import { deferred, isFailure, rejected, type Deferred, type Outcome } from '../outcome.ts';
import { halve, type BulkRequest, type Entry } from './bulk.ts';
import type { Refused } from './answer.ts';
import type { SendResult } from './client.ts';

/** The number of extra requests that one invocation may still send. All its bulk requests share it. */
export interface BisectBudget {
  extraRequests: number;
}

/** The budget for extra requests of one invocation. */
export const EXTRA_REQUESTS = 200;

/** After this many entries refused alone with none accepted in between, the cause is not in the entries. */
const REFUSED_ALONE_AT_MOST = 8;
/** With at most this many undecided entries, bisecting continues even if Heap seems to refuse everything. */
const FEW_UNDECIDED = 24;

/** A request that still has to be bisected or sent. */
interface Open {
  readonly request: BulkRequest;
  readonly refusal: Refused | undefined;
}

/**
 * Sends the bulk requests of one app. A request that Heap refuses is bisected until each bad entry has been sent alone,
 * since Heap does not say which entry is bad. Heap may have stored a part of a refused request; idempotency keys make
 * sending it again harmless. Every request is sent once before any is bisected, so that bad entries do not delay good ones.
 *
 * An entry is rejected only if it was refused alone. If Heap refuses everything (for example because the app id is wrong),
 * or if the budget is exhausted, the undecided entries are deferred.
 *
 * @param onOutcome called once for every entry
 * @returns the size of the smallest request that could not be bisected further for lack of time or of room in the rate
 *   limit, in entries; undefined if there was none
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

  /** Depth first: the first half is finished before the second half is sent, so that the order is kept. */
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
        // No time left, or no room in the rate limit, which bisecting uses up by sending events several times.
        if (!isFailure(result)) unfinished = Math.min(unfinished ?? Infinity, request.entries.length);
        assign(request, result);
        // Later properties of the same user are deferred too, so that they do not overtake the earlier ones.
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

/**
 * Takes two requests from the budget and returns undefined, or returns the outcome of all entries if bisecting must stop.
 */
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

/** Whether `other` is the next part of the split entry (later properties of one user) that `request` is a part of. */
function isRestOf(request: BulkRequest, other: BulkRequest | undefined): boolean {
  const [entry, ...more] = request.entries;
  return (
    request.kind === 'add_user_properties' &&
    more.length === 0 &&
    other?.entries.length === 1 &&
    other.entries[0]?.identity === entry?.identity
  );
}

import { rejected, type Deferred, type Delivered, type Rejected } from '../outcome.ts';
import { halve, type BulkRequest, type Entry } from './bulk.ts';
import type { SendResult } from './client.ts';

/** What Heap has made of an entry. */
export type EntryOutcome = Delivered | Rejected | Deferred;

/** What one invocation may still spend on cutting out bad entries; shared by all its requests. */
export interface CutOutBudget {
  extraRequests: number;
}

/** Requests beyond the planned ones, an invocation. */
export const EXTRA_REQUESTS = 200;

/** What has been seen of an app and a kind of call so far, across requests. */
export interface Refusals {
  /** Entries refused alone in a row, without anything accepted since. */
  aloneInARow: number;
}

/** So many entries refused alone and none accepted: then it is not the entries. */
const REFUSED_ALONE_AT_MOST = 3;
/** Fewer undecided entries than this are worth their requests: each gets an answer of its own. */
const FEW_UNDECIDED = 10;

/**
 * Sends a bulk request, and when Heap refuses it, halves it until the bad entries stand alone. Heap names no entry and
 * nobody knows whether a refused request has been stored in part; idempotency keys make the second sending harmless.
 *
 * Only an entry that was refused alone is rejected. When Heap refuses everything (a wrong app id), or the budget is spent,
 * the undecided are deferred and not guessed.
 */
export async function sendCuttingOut(
  request: BulkRequest,
  send: (request: BulkRequest) => Promise<SendResult>,
  settle: (entry: Entry, outcome: EntryOutcome) => void,
  budget: CutOutBudget,
  refusals: Refusals,
): Promise<void> {
  const toSend = [request];
  for (let next = toSend.pop(); next !== undefined; next = toSend.pop()) {
    const result = await send(next);
    if (result.kind === 'accepted') {
      refusals.aloneInARow = 0;
      settleAll(next, { kind: 'delivered' });
      continue;
    }
    if (result.kind === 'postponed') {
      settleAll(next, { ...result, kind: 'deferred' });
      continue;
    }

    const parts = halve(next);
    if (parts === undefined) {
      refusals.aloneInARow += 1;
      const reason = result.status === 413 ? 'too_large' : 'heap_refused';
      settleAll(next, rejected(reason, result.detail, result.status));
    } else if (budget.extraRequests >= parts.length) {
      budget.extraRequests -= parts.length;
      const [first, second] = parts;
      toSend.push(second, first);
    } else {
      settleAll(next, undecided(`too many bad entries for one invocation; ${result.detail}`, result.status));
    }

    const undecidedEntries = toSend.reduce((sum, { entries }) => sum + entries.length, 0);
    if (refusals.aloneInARow >= REFUSED_ALONE_AT_MOST && undecidedEntries > FEW_UNDECIDED) {
      const detail = `Heap refuses every entry, so the settings may be wrong rather than the events; ${result.detail}`;
      for (const rest of toSend.splice(0)) settleAll(rest, undecided(detail, result.status));
    }
  }

  function settleAll({ entries }: BulkRequest, outcome: EntryOutcome): void {
    for (const entry of entries) settle(entry, outcome);
  }
}

function undecided(detail: string, heapStatus: number): Deferred {
  return { kind: 'deferred', reason: 'undecided', detail, heapStatus };
}

import { createAcceptances } from '../../lib/heap/acceptances.ts';
import { createAdaptiveBatchSize } from '../../lib/heap/adaptive-batch-size.ts';
import type { BulkRequest, PendingCall } from '../../lib/heap/bulk.ts';
import type { HeapClient, SendResult } from '../../lib/heap/client.ts';
import { createDeliver } from '../../lib/heap/deliver.ts';
import { createRateLimiter } from '../../lib/heap/rate-limiter.ts';
import type { Outcome } from '../../lib/outcome.ts';
import { nameOf } from './calls.ts';

/** Limits that no test reaches. */
const NO_LIMITS = { perApp: 1e9, perIdentity: 1e9, windowMs: 60_000 };
/** Longer than an acceptance counts as evidence, as most waits between two receives are. */
const BETWEEN_INVOCATIONS_MS = 15 * 60 * 1000;

export interface Invocation {
  readonly requests: readonly BulkRequest[];
  /** The outcomes of the calls that were sent in this invocation, by their names. */
  readonly outcomes: ReadonlyMap<string, Outcome>;
}

export interface Container {
  /** Delivers the calls that have no final outcome yet. Each call of the container needs a name of its own. */
  readonly invoke: (calls: readonly PendingCall[]) => Promise<Invocation>;
  /** The last outcome of each call, by its name. */
  readonly outcomes: ReadonlyMap<string, Outcome>;
}

/**
 * A container that gets the same events again and again, and remembers their outcomes and the sizes of their requests, as the
 * forwarder does in its outcome cache. Heap answers as told.
 */
export function startContainer(
  answer: (request: BulkRequest) => SendResult,
  betweenMs: number = BETWEEN_INVOCATIONS_MS,
): Container {
  let now = 1_000_000_000;
  let requests: BulkRequest[] = [];
  const outcomes = new Map<string, Outcome>();
  const client: HeapClient = {
    async send(request) {
      requests.push(request);
      return answer(request);
    },
  };
  const deliver = createDeliver({
    client,
    rateLimiter: createRateLimiter(NO_LIMITS),
    batchSize: createAdaptiveBatchSize(),
    acceptances: createAcceptances(),
    // Heap answers at once, so nothing waits for the time.
    clock: { now: () => now, sleep: () => new Promise(() => undefined) },
    onMerged: () => undefined,
  });

  async function invoke(calls: readonly PendingCall[]): Promise<Invocation> {
    requests = [];
    const pending = calls.flatMap((call): PendingCall[] => {
      const known = outcomes.get(nameOf(call));
      if (known !== undefined && known.kind !== 'deferred') return [];
      const { mostEntries, mostCalls, refusedAloneAt } = known ?? {};
      return [{ ...call, mostEntries, mostCalls, refusedAloneAt }];
    });
    await deliver(pending, now + 50_000);
    const ofInvocation = new Map<string, Outcome>();
    for (const call of pending) if (call.outcome !== undefined) ofInvocation.set(nameOf(call), call.outcome);
    for (const [name, outcome] of ofInvocation) outcomes.set(name, outcome);
    now += betweenMs;
    return { requests, outcomes: ofInvocation };
  }

  return { invoke, outcomes };
}

/** The names of the calls whose last outcome is of this kind, in the order in which they were first sent. */
export function namesOf({ outcomes }: Container, kind: Outcome['kind']): string[] {
  return [...outcomes].filter(([, outcome]) => outcome.kind === kind).map(([name]) => name);
}

import type { JsonObject } from '../../lib/json.ts';
import type { HeapCallKind } from '../../lib/heap/api.ts';
import { createFaults, type Fault } from './faults.ts';
import { createProperties, type SimulatedAccount, type SimulatedUser } from './properties.ts';
import { createRateWindows, type RateRules } from './rate-windows.ts';
import { validate, type ValidRequest } from './validate.ts';

export interface HeapRules extends RateRules {
  /** Whether one bad entry prevents the whole request from being stored. Heap's documentation does not say. */
  readonly isAtomic: boolean;
}

/** Heap's documented limits, written down a second time on purpose: they check the limits in lib/heap. */
export const HEAP_RULES: HeapRules = { isAtomic: true, eventsPerMinute: 15_000, eventsPerMinutePerIdentity: 1000 };

export interface SimulatedAnswer {
  readonly status: number;
  readonly body: string;
  readonly retryAfter?: string;
  readonly delayMs?: number;
  /** The connection is cut instead of sending the answer. */
  readonly isCut?: boolean;
}

/** What Heap holds. */
export interface HeapContents {
  /** Each event once, even if it was sent several times, with its `app_id`. */
  readonly events: readonly JsonObject[];
  /** The current properties of each user, by app and identity. */
  readonly users: readonly SimulatedUser[];
  /** The current properties of each account, by app and account id. */
  readonly accounts: readonly SimulatedAccount[];
}

export interface HeapCounts {
  readonly requests: number;
  readonly entries: number;
  /** Events that were dropped because Heap already had their idempotency key. */
  readonly duplicates: number;
  /** Requests that were refused because they exceeded a rate limit. */
  readonly overLimit: number;
  readonly byStatus: Readonly<Record<string, number>>;
  /** The largest number of entries in one request. */
  readonly mostEntries: number;
}

export interface Heap {
  handle(kind: HeapCallKind, body: string): SimulatedAnswer;
  /** Adds a fault; faults affect requests in the order in which they were added. */
  inject(fault: Fault): void;
  /** Removes all remaining faults. */
  recover(): void;
  /** From now on, Heap answers 400 to requests with entries for which `isBad` is true. */
  refuse(isBad: (entry: JsonObject) => boolean): void;
  contents(): HeapContents;
  counts(): HeapCounts;
}

/**
 * Simulates Heap by its documented rules: shapes, lengths, at most 1000 entries, either identity or user_id, rate limits,
 * and idempotency (the first event with a key is kept). It has no network and no clock, so tests can run it in virtual time.
 *
 * @param now in ms since 1970
 */
export function createHeap(now: () => number, rules: HeapRules = HEAP_RULES): Heap {
  const events = new Map<string, JsonObject>();
  const properties = createProperties();
  const rates = createRateWindows(now, rules);
  const faults = createFaults();
  const byStatus: Record<string, number> = {};
  let isBad = nothingIsBad;
  let unkeyed = 0;
  let requests = 0;
  let entries = 0;
  let mostEntries = 0;
  let duplicates = 0;
  let overLimit = 0;

  function store({ appId, kind }: ValidRequest, entry: JsonObject): void {
    if (kind === 'track') {
      const { idempotency_key: given } = entry;
      const key = JSON.stringify([appId, typeof given === 'string' ? given : (unkeyed += 1)]);
      if (events.has(key)) duplicates += 1;
      else events.set(key, { app_id: appId, ...entry });
      return;
    }
    properties.set(appId, entry);
  }

  function answer(kind: HeapCallKind, body: string): SimulatedAnswer {
    const validated = validate(kind, body);
    if (validated.kind === 'malformed') return { status: 400, body: `Bad Request: ${validated.problem}` };
    const { request, problems } = validated;
    entries += request.entries.length;
    mostEntries = Math.max(mostEntries, request.entries.length);

    const good = request.entries.filter((entry, index) => !problems.has(index) && !isBad(entry));
    const isRefused = good.length < request.entries.length;
    if (isRefused && rules.isAtomic) return refusal(problems);
    if (!rates.admit({ ...request, entries: good })) {
      overLimit += 1;
      return { status: 429, body: 'Too Many Requests' };
    }
    for (const entry of good) store(request, entry);
    return isRefused ? refusal(problems) : { status: 200, body: 'OK' };
  }

  function answerWith(fault: Fault, kind: HeapCallKind, body: string): SimulatedAnswer {
    const delay = fault.delayMs === undefined ? {} : { delayMs: fault.delayMs };
    if (fault.cut === 'before_storing') return { status: 0, body: '', isCut: true, ...delay };
    if (fault.status !== undefined) {
      const retryAfter = fault.retryAfter === undefined ? {} : { retryAfter: fault.retryAfter };
      return { status: fault.status, body: 'injected fault', ...retryAfter, ...delay };
    }
    const own = answer(kind, body);
    return { ...own, ...delay, ...(fault.cut === 'after_storing' ? { isCut: true } : {}) };
  }

  return {
    handle(kind, body) {
      requests += 1;
      const fault = faults.next();
      const given = fault === undefined ? answer(kind, body) : answerWith(fault, kind, body);
      const status = given.isCut === true ? 'cut' : String(given.status);
      byStatus[status] = (byStatus[status] ?? 0) + 1;
      return given;
    },
    inject: faults.inject,
    recover: faults.recover,
    refuse: (holds) => void (isBad = holds),
    contents: () => ({ events: [...events.values()], users: properties.users(), accounts: properties.accounts() }),
    counts: () => ({ requests, entries, duplicates, overLimit, mostEntries, byStatus: { ...byStatus } }),
  };
}

function nothingIsBad(_entry: JsonObject): boolean {
  return false;
}

function refusal(problems: ReadonlyMap<number, string>): SimulatedAnswer {
  const [first] = problems;
  return { status: 400, body: first === undefined ? 'Bad Request' : `Bad Request: entry ${first[0]}: ${first[1]}` };
}

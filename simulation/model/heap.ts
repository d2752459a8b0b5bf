import type { Effect } from '../scenarios/scenario.ts';
import type { SimulatedEvent } from './event.ts';
import { createHeapLimits } from './heap-limits.ts';
import type { Scheduler } from './scheduler.ts';

export interface HeapOptions {
  readonly scheduler: Scheduler;
  /** In [0, 1). */
  readonly random: () => number;
  /** What happens to a request; undefined if nothing does. */
  readonly effectOn: (call: SimulatedEvent['call'], caller: number) => Effect | undefined;
}

/** Heap, and the way to it. All durations are in ms. */
export interface Heap {
  /** A bulk request. Its events have the same call. */
  readonly bulk: (request: BulkRequest) => Promise<Answer>;
  /** A request of one event. It calls `done` instead of settling a promise, since there are millions of them. */
  readonly single: (request: SingleRequest, done: (answer: Answer) => void) => void;
  readonly counts: HeapCounts;
}

interface Request {
  /** The number of the process that sends it. */
  readonly caller: number;
  readonly timeoutMs: number;
}

export interface BulkRequest extends Request {
  readonly events: readonly SimulatedEvent[];
}

export interface SingleRequest extends Request {
  readonly event: SimulatedEvent;
}

export type Answer =
  | { readonly kind: 'answered'; readonly status: number; readonly retryAfter: string | undefined }
  | { readonly kind: 'timeout' }
  | { readonly kind: 'unreachable' };

export interface HeapCounts {
  readonly requests: number;
  /** Requests that exceeded a rate limit. */
  readonly overLimits: number;
}

/** What becomes of a request. Times are in ms after it was sent. */
interface Course {
  /** When Heap looks at it and, if it may, stores it; undefined if it never does. */
  readonly judgedAfterMs?: number;
  readonly endsAfterMs: number;
  /** `verdict`: what Heap has decided. */
  readonly end: 'verdict' | Answer;
}

const UNREACHABLE_AFTER_MS = 20;

/** Creates a Heap that holds nothing. It refuses a request with a bad event as a whole. */
export function createHeap({ scheduler, random, effectOn }: HeapOptions): Heap {
  const limits = createHeapLimits(scheduler.now);
  const counts = { requests: 0, overLimits: 0 };

  function judge(events: readonly SimulatedEvent[], isAdmitted: () => boolean): number {
    if (events.some(({ isBad }) => isBad)) return 400;
    if (!isAdmitted()) {
      counts.overLimits += 1;
      return 429;
    }
    for (const event of events) {
      event.timesStored += 1;
      if (event.timesStored === 1) event.storedAt = scheduler.now();
    }
    return 200;
  }

  function courseOf({ call }: SimulatedEvent, entries: number, { caller, timeoutMs }: Request): Course {
    counts.requests += 1;
    return plan(effectOn(call, caller), usualLatencyMs(random, entries), timeoutMs);
  }

  return {
    counts,
    async bulk(request) {
      const { events } = request;
      const [first] = events;
      if (first === undefined || events.some(({ call }) => call !== first.call)) {
        throw new Error('a bulk request without events, or with events of both calls');
      }
      const { judgedAfterMs, endsAfterMs, end } = courseOf(first, events.length, request);
      let status = 0;
      if (judgedAfterMs !== undefined) {
        await scheduler.sleep(judgedAfterMs);
        status = judge(events, () => limits.admitBulk(events));
      }
      await scheduler.sleep(endsAfterMs - (judgedAfterMs ?? 0));
      return end === 'verdict' ? { kind: 'answered', status, retryAfter: undefined } : end;
    },
    single(request, done) {
      const { event } = request;
      const { judgedAfterMs, endsAfterMs, end } = courseOf(event, 1, request);
      const sentAt = scheduler.now();
      let status = 0;
      if (judgedAfterMs !== undefined) {
        scheduler.at(sentAt + judgedAfterMs, () => {
          status = judge([event], () => limits.admitSingle(event));
        });
      }
      scheduler.at(sentAt + endsAfterMs, () => {
        done(end === 'verdict' ? { kind: 'answered', status, retryAfter: undefined } : end);
      });
    },
  };
}

/**
 * How long Heap takes on a usual day, in ms. Assumed, since nothing is published: half of the answers within 120 ms, 99 % within
 * 270 ms, the rest up to 1.9 s, and 0.2 ms for each event.
 */
function usualLatencyMs(random: () => number, entries: number): number {
  const place = random();
  const base = place < 0.5 ? 90 + 60 * place : place < 0.99 ? 120 + 300 * (place - 0.5) : 400 + 1500 * random();
  return base + 0.2 * entries;
}

/** A request arrives after half of its latency. One that the sender has given up by then is not stored. */
function plan(effect: Effect | undefined, usualMs: number, timeoutMs: number): Course {
  const timeout: Course = { endsAfterMs: timeoutMs, end: { kind: 'timeout' } };
  const latencyMs = effect !== undefined && 'latencyMs' in effect ? effect.latencyMs : usualMs;
  const arrival = latencyMs / 2 < timeoutMs ? { judgedAfterMs: latencyMs / 2 } : {};
  switch (effect?.kind) {
    case 'unreachable':
      return { endsAfterMs: UNREACHABLE_AFTER_MS, end: { kind: 'unreachable' } };
    case 'silence':
      return effect.isStored ? { ...timeout, ...arrival } : timeout;
    case 'status': {
      if (latencyMs > timeoutMs) return timeout;
      const { status, retryAfter } = effect;
      return { endsAfterMs: latencyMs, end: { kind: 'answered', status, retryAfter } };
    }
    case 'slow':
    case undefined:
      return latencyMs > timeoutMs
        ? { ...timeout, ...arrival }
        : { ...arrival, endsAfterMs: latencyMs, end: 'verdict' };
  }
}

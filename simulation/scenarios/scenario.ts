import type { HeapCallKind } from '../../lib/heap/api.ts';
import type { TrafficPlan } from './traffic.ts';

/** A part of a year: some hours of traffic, and what goes wrong in them. */
export interface Scenario {
  readonly name: string;
  /** What happens, for people. */
  readonly title: string;
  readonly source: Source;
  /** How often it happens in the simulated year. 0: it is measured and not part of the year. */
  readonly timesAYear: number;
  /** Set if it runs only when it is named, since it takes many minutes. */
  readonly isOnRequest?: true;
  readonly traffic: TrafficPlan;
  readonly incident: Incident;
}

/** Where a scenario comes from. */
export type Source =
  | { readonly kind: 'documented'; readonly url: string; readonly assumed?: string }
  | { readonly kind: 'assumed' };

/** A span of a run, in minutes since its start. */
export interface Span {
  readonly fromMinute: number;
  readonly minutes: number;
}

/** What goes wrong. */
export type Incident =
  | { readonly kind: 'none' }
  | {
      readonly kind: 'heap';
      readonly span: Span;
      /** What happens to a request; undefined if nothing does. */
      readonly effect: (request: FacedRequest) => Effect | undefined;
    }
  /** Lambda fails to start a share of the invocations. */
  | { readonly kind: 'invocations_fail'; readonly span: Span; readonly share: number }
  /** Lambda does not look into the queue. */
  | { readonly kind: 'polling_stops'; readonly span: Span }
  /** The process of a share of the invocations dies after some time. */
  | { readonly kind: 'crashes'; readonly span: Span; readonly share: number; readonly afterMs: number };

/** A request during an incident. */
export interface FacedRequest {
  readonly call: HeapCallKind;
  /** In ms since the start of the run. */
  readonly atMs: number;
  /** The number of the process that sends it. */
  readonly caller: number;
  /** In [0, 1), the next one at every call. */
  readonly random: () => number;
}

/** What happens to one request. */
export type Effect =
  /** It is answered as usual, but late. */
  | { readonly kind: 'slow'; readonly latencyMs: number }
  | {
      readonly kind: 'status';
      readonly status: number;
      readonly latencyMs: number;
      /** The `Retry-After` header. */
      readonly retryAfter?: string;
    }
  /** It is never answered. */
  | { readonly kind: 'silence'; readonly isStored: boolean }
  /** There is no connection. */
  | { readonly kind: 'unreachable' };

const MINUTE_MS = 60_000;

/** Whether a time, in ms since the start of the run, is in a span. */
export function isWithin({ fromMinute, minutes }: Span, atMs: number): boolean {
  return atMs >= fromMinute * MINUTE_MS && atMs < (fromMinute + minutes) * MINUTE_MS;
}

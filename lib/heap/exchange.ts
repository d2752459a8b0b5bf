import type { Deferred, Outcome } from '../outcome.ts';
import { hasAcceptedSince, noteAccepted, wasLately, type Endpoint, type Moment } from './acceptances.ts';
import type { Refused } from './answer.ts';
import type { HeapCallKind } from './api.ts';
import { isSingle, type BulkRequest, type Entry } from './bulk.ts';
import type { SendResult } from './client.ts';
import type { Piece } from './piece.ts';
import type { Refusal } from './refusal.ts';
import { findingsOf } from './smaller-requests.ts';

/** How many requests of one app are under way at once. */
export const REQUESTS_AT_ONCE = 8;

/** The number of extra requests that one invocation may still send. All its bulk requests share it. */
export interface BisectBudget {
  extraRequests: number;
}

/** The budget for extra requests of one invocation. */
export const EXTRA_REQUESTS = 200;

/** What sending and bisecting use. */
export interface SendDependencies {
  readonly send: (request: BulkRequest) => Promise<SendResult>;
  /** Called once for every entry, with the final result of the invocation. */
  readonly onOutcome: (entry: Entry, outcome: Outcome) => void;
  readonly budget: BisectBudget;
  /** One of the endpoints of the app of the requests. */
  readonly endpointOf: (kind: HeapCallKind) => Endpoint;
  /** In ms since 1970. */
  readonly now: () => number;
  /** Waits until `work` is done, but no longer than events may wait for user properties. `work` goes on. */
  readonly headStart: (work: Promise<void>) => Promise<void>;
}

/** The state while the requests of one app are sent. */
export interface Run extends SendDependencies {
  /** The size of the largest request that Heap did not answer in time, in entries; 0 if there was none. */
  timedOut: number;
  /** The size of the largest request that Heap has accepted or refused, in entries; 0 if there was none. */
  answered: number;
  /** The size of the largest request of events that Heap has accepted, in entries; 0 if there was none. */
  fits: number;
  /** The size of the smallest request that Heap has answered with 413, in entries; Infinity if there was none. */
  tooLarge: number;
  /** Whether an event that Heap has accepted before was sent again. */
  isControlSent: boolean;
  /** The kinds of which Heap has accepted a request. */
  readonly accepted: Set<HeapCallKind>;
  /** How many entries of each kind were refused alone in this invocation since the last acceptance. */
  readonly refusedInARow: Record<HeapCallKind, number>;
  /** The entries that were refused alone, and have to be heard again. */
  readonly suspects: Piece[];
  /** When later properties of a suspect's user were refused that were sent ahead, while others were accepted. */
  readonly ahead: Map<BulkRequest, Moment>;
}

/** Begins to send requests of one app. */
export function startRun(dependencies: SendDependencies): Run {
  return {
    ...dependencies,
    timedOut: 0,
    answered: 0,
    fits: 0,
    tooLarge: Infinity,
    isControlSent: false,
    accepted: new Set(),
    refusedInARow: { add_user_properties: 0, add_account_properties: 0, track: 0 },
    suspects: [],
    ahead: new Map(),
  };
}

/** The result of one request. */
export type Exchanged = Exclude<SendResult, Refused> | Refusal;

/**
 * Sends one request and records what its answer says about the app.
 *
 * @param heardAt when its only entry was refused in this invocation, if it is sent a second time
 */
export async function exchange(request: BulkRequest, run: Run, heardAt?: Moment): Promise<Exchanged> {
  const { now } = run;
  const { kind, entries } = request;
  const endpoint = run.endpointOf(kind);
  const refusedAt = heardAt ?? firstRefusalOf(request);
  const hasEvidence = refusedAt !== undefined && hasAcceptedSince(endpoint, refusedAt);
  const sentAt = endpoint.moment;
  const result = await run.send(request);
  if (result.kind !== 'deferred') run.answered = Math.max(run.answered, entries.length);
  if (result.kind === 'delivered') {
    run.accepted.add(kind);
    run.refusedInARow[kind] = 0;
    if (kind === 'track') run.fits = Math.max(run.fits, entries.length);
    noteAccepted(endpoint, request, sentAt, now());
    if (hasEvidence) endpoint.contradictedAt = now();
    return result;
  }
  if (result.kind === 'refused') {
    endpoint.moment += 1;
    if (result.status === 413) run.tooLarge = Math.min(run.tooLarge, entries.length);
    if (isSingle(request) && heardAt === undefined) {
      endpoint.refusedInARow += 1;
      run.refusedInARow[kind] += 1;
    }
    return {
      ...result,
      at: refusedAt ?? endpoint.moment,
      isBelieved: hasEvidence && !wasLately(endpoint.contradictedAt, now()),
    };
  }
  if (result.reason === 'heap_timeout') run.timedOut = Math.max(run.timedOut, entries.length);
  return result;
}

/** When the only entry of a request was refused alone in an earlier invocation. */
function firstRefusalOf(request: BulkRequest): Moment | undefined {
  return isSingle(request) ? request.entries[0]?.calls[0]?.refusedAloneAt : undefined;
}

/** Gives all entries of a request the same outcome. */
export function assign({ entries }: BulkRequest, outcome: Outcome, run: Run): void {
  for (const entry of entries) run.onOutcome(entry, outcome);
}

/** Takes a request from the budget, if there is one left. */
export function takeExtraRequest({ budget }: Run): boolean {
  if (budget.extraRequests < 1) return false;
  budget.extraRequests -= 1;
  return true;
}

/** Marks entries of a refused request that there was no time for, although Heap answers. They have not failed themselves. */
export function whileBisecting(deferral: Deferred, { answered }: Run): Deferred {
  return deferral.reason === 'out_of_time' && answered > 0 ? { ...deferral, isBeingBisected: true } : deferral;
}

/** Defers what is not looked at any further, and the later properties of its user with it, with what was found out. */
export function leave({ request, refusal, isRefused, later }: Piece, deferral: Deferred, run: Run): void {
  assign(request, { ...deferral, ...findingsOf(request, isRefused ? refusal.at : undefined) }, run);
  for (const part of later) assign(part, { ...deferral, ...findingsOf(part, run.ahead.get(part)) }, run);
}

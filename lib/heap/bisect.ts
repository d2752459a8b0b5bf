import { deferred, type Deferred, type Outcome } from '../outcome.ts';
import { REFUSED_ALONE_AT_MOST, type AppAcceptances } from './acceptances.ts';
import type { Refused } from './answer.ts';
import { halve, isSingle, type BulkRequest, type Entry } from './bulk.ts';
import type { SendResult } from './client.ts';
import { rejectedAlone, SEEMS_TO_REFUSE_EVERYTHING, TOO_MANY, undecided, whyDoubted, type Refusal } from './refusal.ts';
import { halfOf, isOfFullSize, keepSize, largestFirst } from './smaller-requests.ts';

/** The number of extra requests that one invocation may still send. All its bulk requests share it. */
export interface BisectBudget {
  extraRequests: number;
}

/** The budget for extra requests of one invocation. */
export const EXTRA_REQUESTS = 200;

/** The factor by which requests grow back, and how many of them have to be accepted for each that is refused. */
const GROWTH = 4;
/** With at most this many undecided entries, bisecting continues even if Heap seems to refuse everything. */
const FEW_UNDECIDED = 24;

/** What bisecting uses. */
export interface BisectDependencies {
  readonly send: (request: BulkRequest) => Promise<SendResult>;
  /** Called once for every entry, with the final result of the invocation. */
  readonly onOutcome: (entry: Entry, outcome: Outcome) => void;
  readonly budget: BisectBudget;
  /** What the app of the requests has accepted. */
  readonly acceptances: AppAcceptances;
  /** In ms since 1970. */
  readonly now: () => number;
}

/** A request that still has to be bisected or sent. */
interface Open {
  readonly request: BulkRequest;
  readonly refusal: Refusal | undefined;
}

/** A request that Heap has refused. */
interface RefusedRequest extends Open {
  readonly refusal: Refusal;
}

type Exchanged = Exclude<SendResult, Refused> | Refusal;

/** An entry that was refused alone by an app that has accepted nothing lately. */
interface Doubtful {
  readonly request: BulkRequest;
  readonly refusal: Refusal;
  /** Later properties of the same user, which must not overtake the entry. */
  readonly later: readonly BulkRequest[];
}

/** The state while the requests of one app are sent. */
interface Run extends BisectDependencies {
  timedOut: number | undefined;
  /** Whether Heap has accepted or refused a request. */
  hasAnswer: boolean;
  readonly doubtful: Doubtful[];
}

/**
 * Sends the bulk requests of one app. A request that Heap refuses is bisected until each bad entry has been sent alone,
 * since Heap does not say which entry is bad. Heap may have stored a part of a refused request; idempotency keys make
 * sending it again harmless. Every request is sent once before any is bisected, so that bad entries do not delay good ones.
 *
 * An entry is rejected only if it was refused alone and that says something about the entry: the app has accepted a request
 * lately, or it accepts one afterwards and refuses the entry a second time. If Heap refuses everything (for example because
 * the app id is wrong), or if the budget is exhausted, the undecided entries are deferred, and come back in smaller requests.
 * While Heap seems to refuse everything, nothing is bisected for a while; a request with new entries is sent once all the same,
 * so that a good event never waits for bad ones.
 *
 * @returns the size of the largest request that Heap did not answer in time, in entries; undefined if there was none
 */
export async function sendBisecting(
  requests: readonly BulkRequest[],
  dependencies: BisectDependencies,
): Promise<number | undefined> {
  const { acceptances, now } = dependencies;
  const acceptedBefore = acceptances.count();
  const run: Run = { ...dependencies, timedOut: undefined, hasAnswer: false, doubtful: [] };
  const refused = await sendEachOnce(requests, run);
  if (acceptances.pausedMs(now()) > 0) {
    for (const { request, refusal } of refused) leaveUndecided(request, refusal, SEEMS_TO_REFUSE_EVERYTHING, [], run);
    return run.timedOut;
  }
  for (const ofKind of Map.groupBy(refused, ({ request }) => request.kind).values()) await bisect(ofKind, run);
  // The list grows while it is read: later properties of a user may turn out to be doubtful too.
  for (const one of run.doubtful) await hearAgain(one, run);
  const isNothingAccepted = refused.length > 0 && acceptances.count() === acceptedBefore;
  if (isNothingAccepted && acceptances.seemsToRefuseEverything()) acceptances.pause(now());
  return run.timedOut;
}

/** What has become of the requests that were sent before any is bisected. */
interface FirstRound {
  readonly refused: RefusedRequest[];
  /** How many requests of less than full size were accepted. */
  smallAccepted: number;
}

/**
 * Sends requests of full size first, so that those that had to become smaller delay nothing.
 *
 * @returns the requests that Heap has refused
 */
async function sendEachOnce(requests: readonly BulkRequest[], run: Run): Promise<readonly RefusedRequest[]> {
  const round: FirstRound = { refused: [], smallAccepted: 0 };
  for (const request of largestFirst(requests, run.acceptances.refusedInARow())) {
    const hopeless = deferHopeless(request, round, run);
    const waits = hopeless ?? (isOfFullSize(request) ? undefined : deferForNow(run));
    const result = waits ?? (await exchangeFirst(request, run));
    if (result.kind === 'refused') {
      round.refused.push({ request, refusal: result });
    } else {
      if (result.kind === 'delivered' && !isOfFullSize(request)) round.smallAccepted += 1;
      const isUnsent = waits !== undefined || (result.kind === 'deferred' && result.reason === 'out_of_time');
      const size = isUnsent ? grownSize(request, round) : keepSize(request);
      const deferral = isOfFullSize(request) || result.kind !== 'deferred' ? result : whileBisecting(result, run);
      assign(request, deferral.kind === 'deferred' ? { ...size, ...deferral } : deferral, run);
    }
  }
  return round.refused;
}

/** Defers a request if so many before it were refused that it hardly has a chance. */
function deferHopeless(
  { kind }: BulkRequest,
  { refused }: FirstRound,
  { acceptances, now }: Run,
): Deferred | undefined {
  const ofKind = refused.filter(({ request }) => request.kind === kind);
  const last = ofKind.at(-1)?.refusal;
  if (last === undefined || ofKind.length < REFUSED_ALONE_AT_MOST || acceptances.hasAcceptedLately(now())) return;
  return undecided(last, SEEMS_TO_REFUSE_EVERYTHING);
}

/** Defers a request of less than full size during a pause, or if the budget is exhausted. Otherwise the budget pays for it. */
function deferForNow(run: Run): Deferred | undefined {
  const retryAfterMs = run.acceptances.pausedMs(run.now());
  if (retryAfterMs > 0) return deferred('circuit_open', SEEMS_TO_REFUSE_EVERYTHING, { retryAfterMs });
  if (take(1, run)) return undefined;
  return deferred('undecided', TOO_MANY);
}

/**
 * How large a request may be the next time for which there was no budget or no time. It may grow if small requests were
 * accepted before. Growing while many of them are refused would undo what bisecting has found out.
 */
function grownSize(request: BulkRequest, { refused, smallAccepted }: FirstRound): { readonly mostEntries?: number } {
  const smallRefused = refused.filter((one) => !isOfFullSize(one.request)).length;
  return keepSize(request, smallAccepted > GROWTH * smallRefused ? GROWTH : 1);
}

/** Depth first: the first half is finished before the second half is sent, so that the order is kept. */
async function bisect(known: readonly Open[], run: Run): Promise<void> {
  let refusedAlone = 0;
  const stack = known.toReversed();
  for (let next = stack.pop(); next !== undefined; next = stack.pop()) {
    const { request } = next;
    const result = next.refusal ?? (await exchangeFirst(request, run));
    if (result.kind === 'delivered') {
      refusedAlone = 0;
      assign(request, result, run);
    } else if (result.kind === 'deferred') {
      for (const part of [request, ...takeLater(request, stack)]) {
        assign(part, { ...whileBisecting(result, run), mostEntries: part.entries.length }, run);
      }
    } else {
      const parts = halve(request);
      if (parts === undefined) {
        refusedAlone += 1;
        judge(request, result, stack, run);
      } else if (refusedAlone >= REFUSED_ALONE_AT_MOST && entriesOf(request, stack) > FEW_UNDECIDED) {
        leaveUndecided(request, result, SEEMS_TO_REFUSE_EVERYTHING, stack, run);
      } else if (take(2, run)) {
        stack.push(...parts.toReversed().map(unsent));
      } else {
        leaveUndecided(request, result, TOO_MANY, stack, run);
      }
    }
  }
}

/** Rejects an entry that was refused alone, or keeps it until it is known whether the app accepts anything. */
function judge(request: BulkRequest, refusal: Refusal, stack: Open[], run: Run): void {
  if (refusal.isBelieved) assign(request, rejectedAlone(refusal), run);
  else run.doubtful.push({ request, refusal, later: takeLater(request, stack) });
}

/** Decides a doubtful entry. If the app has accepted something since, a second refusal is about the entry. */
async function hearAgain({ request, refusal, later }: Doubtful, run: Run): Promise<void> {
  const hasAcceptedSince = (): boolean => run.acceptances.count() > refusal.acceptedBefore;
  let overtaken: BulkRequest | undefined;
  // The later properties of the user may be the only ones of the app that Heap can accept.
  for (const part of later) {
    if (hasAcceptedSince() || !take(1, run)) break;
    if ((await exchange(part, run)).kind === 'delivered') overtaken = part;
  }
  const hasEvidence = hasAcceptedSince();
  if (!hasEvidence || !take(1, run)) {
    const why = hasEvidence ? TOO_MANY : whyDoubted(run.acceptances, run.now());
    for (const part of [request, ...later]) assign(part, undecided(refusal, why, 1), run);
    return;
  }
  const result = await exchange(request, run);
  if (result.kind === 'deferred') {
    for (const part of [request, ...later]) assign(part, { ...whileBisecting(result, run), mostEntries: 1 }, run);
    return;
  }
  assign(request, result.kind === 'refused' ? rejectedAlone(result) : result, run);
  // The part that was accepted is sent again if anything earlier may be accepted after it.
  const [next, ...rest] = later;
  const isInOrder = result.kind === 'refused' && next !== undefined && next === overtaken;
  if (isInOrder) assign(next, { kind: 'delivered' }, run);
  await bisect((isInOrder ? rest : later).map(unsent), run);
}

/** Sends a request, and counts an entry that is refused alone. Entries that are sent a second time do not count again. */
async function exchangeFirst(request: BulkRequest, run: Run): Promise<Exchanged> {
  const result = await exchange(request, run);
  if (result.kind === 'refused' && isSingle(request)) run.acceptances.refusedAlone();
  return result;
}

async function exchange(request: BulkRequest, run: Run): Promise<Exchanged> {
  const { acceptances, now } = run;
  const result = await run.send(request);
  run.hasAnswer ||= result.kind !== 'deferred';
  if (result.kind === 'refused') {
    return { ...result, isBelieved: acceptances.isRefusalBelieved(now()), acceptedBefore: acceptances.count() };
  }
  if (result.kind === 'delivered') acceptances.accepted(now());
  if (result.kind === 'deferred' && result.reason === 'heap_timeout') {
    run.timedOut = Math.max(run.timedOut ?? 0, request.entries.length);
  }
  return result;
}

/** Marks entries of a refused request that there was no time for, although Heap answers. They have not failed themselves. */
function whileBisecting(deferral: Deferred, { hasAnswer }: Run): Deferred {
  return deferral.reason === 'out_of_time' && hasAnswer ? { ...deferral, isBeingBisected: true } : deferral;
}

/** Takes requests from the budget, if it has so many. */
function take(extraRequests: number, { budget }: Run): boolean {
  if (budget.extraRequests < extraRequests) return false;
  budget.extraRequests -= extraRequests;
  return true;
}

function assign({ entries }: BulkRequest, outcome: Outcome, { onOutcome }: Run): void {
  for (const entry of entries) onOutcome(entry, outcome);
}

/** Defers a request that is not bisected any further, and the later properties of its user with it. */
function leaveUndecided(request: BulkRequest, refusal: Refused, why: string, stack: Open[], run: Run): void {
  for (const part of [request, ...takeLater(request, stack)]) assign(part, undecided(refusal, why, halfOf(part)), run);
}

function unsent(request: BulkRequest): Open {
  return { request, refusal: undefined };
}

function entriesOf(request: BulkRequest, stack: readonly Open[]): number {
  return stack.reduce((sum, open) => sum + open.request.entries.length, request.entries.length);
}

/**
 * Takes the rest of a split entry from the stack: later properties of the user that `request` is a part of. They must not
 * overtake the earlier ones.
 */
function takeLater(request: BulkRequest, stack: Open[]): readonly BulkRequest[] {
  const later: BulkRequest[] = [];
  while (isRestOf(request, stack.at(-1)?.request)) {
    const part = stack.pop()?.request;
    if (part !== undefined) later.push(part);
  }
  return later;
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

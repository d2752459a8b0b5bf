import { mapLimit } from '../map-limit.ts';
import { deferred, type Deferred, type Findings } from '../outcome.ts';
import { pausedMs, REFUSED_ALONE_AT_MOST } from './acceptances.ts';
import type { HeapCallKind } from './api.ts';
import { laterRequests, nextRequest, type BulkRequest } from './bulk.ts';
import { assign, exchange, REQUESTS_AT_ONCE, takeExtraRequest, whileBisecting, type Run } from './exchange.ts';
import { SEEMS_TO_REFUSE_EVERYTHING, TOO_MANY, type Refusal } from './refusal.ts';
import { halfOf, isOfFullSize, keepSize, largestFirst } from './smaller-requests.ts';

/** The factor by which requests grow back, and how many of them have to be accepted for each that is refused. */
const GROWTH = 4;

/** A request that Heap has refused. */
export interface RefusedRequest {
  readonly request: BulkRequest;
  readonly refusal: Refusal;
}

/** What has become of the requests that were sent before any is bisected. */
interface FirstRound {
  readonly refused: RefusedRequest[];
  /** The requests without a verdict, and why. */
  readonly deferred: { readonly request: BulkRequest; readonly deferral: Deferred }[];
  /** How many requests of less than full size were accepted. */
  smallAccepted: number;
}

/**
 * Sends every request once: those of full size before those that had to become smaller, so that these delay nothing, and those
 * of properties before those of events, since an event should find its user described. If properties take too long, because
 * their endpoint does not answer, events do not wait for them any longer. Requests of the same kind and size are sent at once.
 *
 * @returns the requests that Heap has refused
 */
export async function sendEachOnce(requests: readonly BulkRequest[], run: Run): Promise<readonly RefusedRequest[]> {
  const round: FirstRound = { refused: [], deferred: [], smallAccepted: 0 };
  for (const isFull of [true, false]) {
    const ofSize = requests.filter((request) => isOfFullSize(request) === isFull);
    const send = (kind: HeapCallKind): Promise<void> => {
      const ofKind = ofSize.filter((request) => request.kind === kind);
      const sorted = largestFirst(ofKind, run.endpointOf(kind).refusedInARow);
      return mapLimit(sorted, REQUESTS_AT_ONCE, (request) => sendOnce(request, round, run));
    };
    const [users, accounts] = [send('add_user_properties'), send('add_account_properties')];
    const describing = users.then(() => accounts);
    const events = ofSize.filter(({ kind }) => kind === 'track').length;
    if (events > 0 && events < ofSize.length) await run.headStart(describing);
    await Promise.all([describing, send('track')]);
  }
  const factor = mayGrow(round) ? GROWTH : 1;
  for (const { request, deferral } of round.deferred) {
    for (const part of [request, ...laterRequests(request)]) {
      assign(part, { ...sizeOfNext(part, deferral, factor, run), ...deferral }, run);
    }
  }
  return round.refused;
}

async function sendOnce(request: BulkRequest, round: FirstRound, run: Run): Promise<void> {
  const waits = isHopeless(request, round, run)
    ? deferred('undecided', SEEMS_TO_REFUSE_EVERYTHING)
    : isOfFullSize(request)
      ? undefined
      : deferForNow(request, run);
  const result = waits ?? (await exchange(request, run));
  if (result.kind === 'refused') {
    round.refused.push({ request, refusal: result });
    return;
  }
  if (result.kind === 'delivered') {
    if (!isOfFullSize(request)) round.smallAccepted += 1;
    assign(request, result, run);
    const next = nextRequest(request);
    if (next !== undefined) await sendOnce(next, round, run);
    return;
  }
  round.deferred.push({ request, deferral: isOfFullSize(request) ? result : whileBisecting(result, run) });
}

/** Whether so many requests of the kind were refused, and none was accepted, that one more hardly has a chance. */
function isHopeless({ kind }: BulkRequest, { refused }: FirstRound, { accepted }: Run): boolean {
  if (accepted.has(kind)) return false;
  return refused.filter(({ request }) => request.kind === kind).length >= REFUSED_ALONE_AT_MOST;
}

/** Defers a request of less than full size during a pause, or if the budget is exhausted. Otherwise the budget pays for it. */
function deferForNow({ kind }: BulkRequest, run: Run): Deferred | undefined {
  const retryAfterMs = pausedMs(run.endpointOf(kind), run.now());
  if (retryAfterMs > 0) return deferred('circuit_open', SEEMS_TO_REFUSE_EVERYTHING, { retryAfterMs });
  if (takeExtraRequest(run)) return undefined;
  return deferred('undecided', TOO_MANY);
}

/**
 * Whether the next requests of deferred entries may be larger: if small requests were accepted, but not while many of them are
 * refused, which would undo what bisecting has found out.
 */
function mayGrow({ refused, smallAccepted }: FirstRound): boolean {
  const smallRefused = refused.filter(({ request }) => !isOfFullSize(request)).length;
  return smallAccepted > GROWTH * smallRefused;
}

/**
 * How large the next request of deferred entries may be. If Heap has answered other requests of its size in time, but not this
 * one, one of its entries may be the cause.
 */
function sizeOfNext(request: BulkRequest, { reason }: Deferred, factor: number, { answered }: Run): Findings {
  if (reason === 'heap_timeout' && answered >= request.entries.length) return { mostEntries: halfOf(request) };
  return keepSize(request, factor);
}

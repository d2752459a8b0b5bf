import type { Clock } from '../clock.ts';
import { deferred, type Deferred, type Delivered } from '../outcome.ts';
import { readAnswer, type Refused } from './answer.ts';
import { ENDPOINTS, type HeapCallKind } from './api.ts';
import type { BulkRequest } from './bulk.ts';
import type { Circuit } from './circuit.ts';
import { createCircuits, type Circuits, type FailureScope } from './circuits.ts';
import { createPatience } from './patience.ts';
import { createProbes } from './probes.ts';
import { NO_ROOM, type RateLimiter, type Reservation } from './rate-limiter.ts';
import { createRequestBodies, type Post } from './request-bodies.ts';
import { backoffMs, RETRY_POLICY, type RetryPolicy } from './retry.ts';
import type { Answer, Transport } from './transport.ts';

/** The result of one bulk request after all its attempts. */
export type SendResult = Delivered | Refused | Deferred;

/** One HTTP request, for the metrics. */
export interface Attempt {
  readonly path: string;
  readonly entries: number;
  readonly durationMs: number;
  /** The HTTP status, or why there is none. */
  readonly result: number | 'timeout' | 'unreachable';
}

/** A client for Heap's bulk endpoints. */
export interface HeapClient {
  /**
   * Sends one bulk request. Retries temporary failures until `deadline`. Never throws.
   *
   * @param deadline in ms since 1970
   */
  readonly send: (request: BulkRequest, deadline: number) => Promise<SendResult>;
}

/** What the client uses. */
export interface HeapClientOptions {
  readonly baseUrl: string;
  readonly transport: Transport;
  readonly clock: Clock;
  /** In [0, 1). */
  readonly random: () => number;
  readonly rateLimiter: RateLimiter;
  /** Called after every HTTP request. */
  readonly onAttempt: (attempt: Attempt) => void;
  readonly retryPolicy?: RetryPolicy;
  readonly createCircuit?: () => Circuit;
}

/** In ms. No attempt starts with less time left: it would be aborted, while Heap might still store its events. */
const SHORTEST_ATTEMPT_MS = 250;

const OUT_OF_TIME = deferred('out_of_time', 'the invocation ended before Heap answered');

/** Creates a client. Its state (circuits, rate limits, patience) lives as long as the client: in Lambda, as long as the container. */
export function createHeapClient(options: HeapClientOptions): HeapClient {
  const { baseUrl, transport, clock, random, rateLimiter, onAttempt, retryPolicy = RETRY_POLICY } = options;
  const circuitsOf = circuitsOfEach(options.createCircuit);
  const withBody = createRequestBodies(transport);
  const patience = createPatience(retryPolicy.timeoutMs);
  const oneProbe = createProbes(({ kind, appId }) => circuitsOf[kind].state(appId, clock.now()) === 'probing');

  /** Sends one HTTP request. Returns undefined if Heap had less than its usual time to answer. */
  async function attempt({ kind, entries }: BulkRequest, post: Post, timeoutMs: number): Promise<Answer | undefined> {
    const { path } = ENDPOINTS[kind];
    const startedAt = clock.now();
    const answer = await post(baseUrl + path, timeoutMs);
    const durationMs = clock.now() - startedAt;
    const result = answer.kind === 'answered' ? answer.status : answer.kind;
    onAttempt({ path, entries: entries.length, durationMs, result });
    if (answer.kind === 'answered') patience.answered(durationMs);
    if (answer.kind !== 'timeout') return answer;
    if (!patience.isFailure(timeoutMs)) return undefined;
    patience.timedOut(timeoutMs);
    return answer;
  }

  async function sendWithRetries(
    request: BulkRequest,
    post: Post,
    deadline: number,
    isProbe: boolean,
  ): Promise<SendResult> {
    const { kind, appId } = request;
    const circuits = circuitsOf[kind];
    let last = OUT_OF_TIME;
    let hasReconnected = false;
    // Another app's quick answers must not shorten what this request has learned.
    let leastMs = 0;

    for (let attempts = 1; ; attempts += 1) {
      const state = circuits.state(appId, clock.now());
      if (state === 'open' || (state === 'probing' && !isProbe)) {
        return attempts > 1 ? last : circuitOpen(circuits, appId, clock.now());
      }
      if (deadline - clock.now() < SHORTEST_ATTEMPT_MS) return last;

      const room = await waitForRoom(request, deadline, rateLimiter, clock);
      if (room.kind === 'deferred') return attempts > 1 ? { ...last, retryAfterMs: room.retryAfterMs ?? 0 } : room;

      const startedAt = clock.now();
      const timeoutMs = Math.min(Math.max(patience.timeoutMs(), leastMs), deadline - startedAt);
      const answer = await attempt(request, post, timeoutMs);
      room.reservation?.end(clock.now());
      if (answer === undefined) return last;
      if (answer.kind === 'timeout') leastMs = timeoutMs * 2;
      const result = readAnswer(answer, clock.now());
      if (result.kind !== 'deferred') {
        circuits.judged(appId);
        return result;
      }

      last = result;
      if (answer.kind === 'unreachable' && answer.isConnectionLost && !hasReconnected) {
        // An idle connection may have been closed while the container was frozen. That is not a failure of Heap.
        hasReconnected = true;
        continue;
      }
      circuits.failed(appId, scopeOf(result), result, { startedAt, endedAt: clock.now() });
      const hasOpened = circuits.state(appId, clock.now()) === 'open';
      if (attempts >= retryPolicy.attempts || isProbe || hasOpened) return last;
      const waitMs = Math.max(result.retryAfterMs ?? 0, backoffMs(retryPolicy, attempts, random()));
      if (clock.now() + waitMs + SHORTEST_ATTEMPT_MS > deadline) return last;
      await clock.sleep(waitMs);
    }
  }

  return {
    send: (request, deadline) =>
      withBody(request, (post) => oneProbe(request, (isProbe) => sendWithRetries(request, post, deadline, isProbe))),
  };
}

function circuitOpen(circuits: Circuits, appId: string, now: number): Deferred {
  const cause = circuits.lastFailure(appId);
  const detail = `Heap has failed several times in a row${cause === undefined ? '' : `, at last: ${cause.detail}`}`;
  const status = cause?.heapStatus === undefined ? {} : { heapStatus: cause.heapStatus };
  return deferred('circuit_open', detail, { retryAfterMs: circuits.openUntil(appId) - now, ...status });
}

/** An endpoint that fails must not stop the others. */
function circuitsOfEach(create?: () => Circuit): Readonly<Record<HeapCallKind, Circuits>> {
  return {
    add_user_properties: createCircuits(create),
    add_account_properties: createCircuits(create),
    track: createCircuits(create),
  };
}

/** A rate limit or a request that is not allowed concerns one app, anything else the host. */
function scopeOf({ reason }: Deferred): FailureScope {
  return reason === 'heap_throttled' || reason === 'heap_client_error' ? 'app' : 'host';
}

type Room = { readonly kind: 'room'; readonly reservation: Reservation | undefined } | Deferred;

/** Waits for room in Heap's rate limits. Heap documents no rate limit for properties. */
async function waitForRoom(
  { kind, appId, entries }: BulkRequest,
  deadline: number,
  rateLimiter: RateLimiter,
  clock: Clock,
): Promise<Room> {
  if (kind !== 'track') return { kind: 'room', reservation: undefined };
  for (;;) {
    const answer = rateLimiter.reserve(appId, entries, clock.now());
    if (answer.kind === 'reserved') return { kind: 'room', reservation: answer.reservation };
    const { reason, waitMs } = answer;
    if (clock.now() + waitMs + SHORTEST_ATTEMPT_MS > deadline) {
      return deferred(reason, NO_ROOM, { retryAfterMs: waitMs });
    }
    await clock.sleep(waitMs);
  }
}

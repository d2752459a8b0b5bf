import type { Clock } from '../clock.ts';
import { deferred, type Deferred, type Delivered } from '../outcome.ts';
import { readAnswer, type Refused } from './answer.ts';
import { ENDPOINTS } from './api.ts';
import { bodyOf, type BulkRequest } from './bulk.ts';
import { createCircuits, type Circuit } from './circuit.ts';
import type { RateLimiter, Reservation } from './rate-limiter.ts';
import { backoffMs, RETRY_POLICY, type RetryPolicy } from './retry.ts';
import type { Answer, Transport } from './transport.ts';

/** What became of one bulk request, all its attempts included. */
export type SendResult = Delivered | Refused | Deferred;

/** One HTTP request as it happened, for the metrics. */
export interface Attempt {
  readonly path: string;
  readonly entries: number;
  readonly durationMs: number;
  /** The HTTP status, or what stood in its way. */
  readonly result: number | 'timeout' | 'unreachable';
}

export interface HeapClient {
  /**
   * Sends one bulk request, and again where that can help, never past `deadline`.
   *
   * @param deadline in ms since 1970
   */
  readonly send: (request: BulkRequest, deadline: number) => Promise<SendResult>;
}

export interface HeapClientOptions {
  readonly baseUrl: string;
  readonly transport: Transport;
  readonly clock: Clock;
  /** In [0, 1). */
  readonly random: () => number;
  readonly rateLimiter: RateLimiter;
  /** Told of every HTTP request. */
  readonly onAttempt: (attempt: Attempt) => void;
  readonly retryPolicy?: RetryPolicy;
  readonly createCircuit?: () => Circuit;
}

/** An attempt with less time than this, in ms, is not begun: it would be cut off, and Heap might count it all the same. */
const SHORTEST_ATTEMPT_MS = 250;

const OUT_OF_TIME = deferred('out_of_time', 'the invocation ended before Heap had answered');

/**
 * A client for Heap's bulk endpoints. What it remembers (open circuits, rate limits) lives as long as the client itself: in
 * a Lambda, as long as its container.
 */
export function createHeapClient(options: HeapClientOptions): HeapClient {
  const { baseUrl, transport, clock, random, rateLimiter, onAttempt, retryPolicy = RETRY_POLICY } = options;
  const circuitOf = createCircuits(options.createCircuit);

  async function attempt({ kind, entries }: BulkRequest, body: string, timeLeftMs: number): Promise<Answer> {
    const { path } = ENDPOINTS[kind];
    const startedAt = clock.now();
    const answer = await transport(baseUrl + path, body, Math.min(retryPolicy.timeoutMs, timeLeftMs));
    const durationMs = clock.now() - startedAt;
    const result = answer.kind === 'answered' ? answer.status : answer.kind;
    onAttempt({ path, entries: entries.length, durationMs, result });
    return answer;
  }

  return {
    async send(request, deadline) {
      const circuit = circuitOf(request.appId);
      const body = bodyOf(request);
      let last = OUT_OF_TIME;
      let hasReconnected = false;

      for (let attempts = 1; ; attempts += 1) {
        const state = circuit.state(clock.now());
        if (state === 'open') return attempts > 1 ? last : circuitOpen(circuit, clock.now());
        if (deadline - clock.now() < SHORTEST_ATTEMPT_MS) return last;

        const room = await waitForRoom(request, deadline, rateLimiter, clock);
        if (room.kind === 'deferred') return attempts > 1 ? { ...last, retryAfterMs: room.retryAfterMs ?? 0 } : room;

        const timeLeftMs = deadline - clock.now();
        const answer = await attempt(request, body, timeLeftMs);
        const result = readAnswer(answer, clock.now());
        room.reservation?.end(clock.now());
        // Heap was not given its full time: that it had not answered yet is not its failure.
        if (answer.kind === 'timeout' && timeLeftMs < retryPolicy.timeoutMs) return OUT_OF_TIME;

        if (result.kind !== 'deferred') {
          circuit.succeeded();
          return result;
        }
        last = result;
        if (answer.kind === 'unreachable' && answer.isConnectionLost && !hasReconnected) {
          // The connection may have died while the container slept, which says nothing about Heap.
          hasReconnected = true;
          continue;
        }
        circuit.failed(clock.now());
        if (attempts >= retryPolicy.attempts || state === 'probing') return last;
        const waitMs = Math.max(result.retryAfterMs ?? 0, backoffMs(retryPolicy, attempts, random()));
        if (clock.now() + waitMs + SHORTEST_ATTEMPT_MS > deadline) return last;
        await clock.sleep(waitMs);
      }
    },
  };
}

function circuitOpen(circuit: Circuit, now: number): Deferred {
  const retryAfterMs = circuit.openUntil() - now;
  return deferred('circuit_open', 'Heap has failed several times in a row', { retryAfterMs });
}

type Room = { readonly kind: 'room'; readonly reservation: Reservation | undefined } | Deferred;

/** Waits for room in Heap's rate limits. User properties have no documented limit. */
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
      return deferred(reason, "no room in Heap's rate limit before the time is up", { retryAfterMs: waitMs });
    }
    await clock.sleep(waitMs);
  }
}

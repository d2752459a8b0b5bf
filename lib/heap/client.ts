import type { Clock } from '../clock.ts';
import { deferred, type Deferred, type Delivered } from '../outcome.ts';
import { readAnswer, type Refused } from './answer.ts';
import { ENDPOINTS } from './api.ts';
import { bodyOf, type BulkRequest } from './bulk.ts';
import { createCircuits, type Circuit } from './circuit.ts';
import type { RateLimiter, Reservation } from './rate-limiter.ts';
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

/** Creates a client. Its state (circuits, rate limits) lives as long as the client: in Lambda, as long as the container. */
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
        // The attempt was cut short by the deadline, so the timeout is not a failure of Heap.
        if (answer.kind === 'timeout' && timeLeftMs < retryPolicy.timeoutMs) return OUT_OF_TIME;

        if (result.kind !== 'deferred') {
          circuit.succeeded();
          return result;
        }
        last = result;
        if (answer.kind === 'unreachable' && answer.isConnectionLost && !hasReconnected) {
          // An idle connection may have been closed while the container was frozen. That is not a failure of Heap.
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

/** Waits for room in Heap's rate limits. Heap documents no rate limit for user properties. */
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
      return deferred(reason, "no room within Heap's rate limit before the deadline", { retryAfterMs: waitMs });
    }
    await clock.sleep(waitMs);
  }
}

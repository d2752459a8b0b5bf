import type { Clock } from '../clock.ts';
import type { DeferReason } from '../outcome.ts';
import { ENDPOINTS } from './api.ts';
import { bodyOf, type BulkRequest } from './bulk.ts';
import { createCircuit, type Circuit } from './circuit.ts';
import type { Pacer, Reservation } from './pacing.ts';
import { backoffMs, parseRetryAfter, RETRY_POLICY, type RetryPolicy } from './retry.ts';
import type { Answer, Transport } from './transport.ts';

/** What became of one bulk request, all tries in place included. */
export type SendResult =
  | { readonly kind: 'accepted' }
  /** Heap will never take the request as it is. */
  | { readonly kind: 'refused'; readonly status: number; readonly detail: string }
  /** Later it may go through. */
  | Postponed;

export interface Postponed {
  readonly kind: 'postponed';
  readonly reason: DeferReason;
  readonly detail: string;
  readonly heapStatus?: number;
  readonly retryAfterMs?: number;
}

/** One HTTP request as it happened, for the metrics. */
export interface Try {
  readonly path: string;
  readonly entries: number;
  readonly durationMs: number;
  /** The HTTP status, or what stood in its way. */
  readonly result: number | 'timeout' | 'unreachable';
}

export interface HeapClient {
  /**
   * Sends one bulk request, trying again where that can help, and never past `deadline`.
   *
   * @param deadline in ms since 1970
   */
  send(request: BulkRequest, deadline: number, onTry: (happened: Try) => void): Promise<SendResult>;
}

export interface HeapClientOptions {
  readonly baseUrl: string;
  readonly transport: Transport;
  readonly clock: Clock;
  /** In [0, 1). */
  readonly random: () => number;
  readonly pacer: Pacer;
  readonly retryPolicy?: RetryPolicy;
  readonly createCircuit?: () => Circuit;
}

/** A try with less time than this, in ms, is not begun: it would be cut off and count twice. */
const SHORTEST_TRY_MS = 250;

/**
 * A client for Heap's bulk endpoints. What it remembers (open circuits, the pace) lives as long as the client itself: in a
 * Lambda, as long as its container.
 */
export function createHeapClient(options: HeapClientOptions): HeapClient {
  const { baseUrl, transport, clock, random, pacer, retryPolicy = RETRY_POLICY } = options;
  const circuits = new Map<string, Circuit>();

  function circuitOf(appId: string): Circuit {
    let circuit = circuits.get(appId);
    if (circuit === undefined) {
      circuit = (options.createCircuit ?? createCircuit)();
      circuits.set(appId, circuit);
    }
    return circuit;
  }

  /** Waits for room in Heap's rate limits. User properties have none documented. */
  async function reserve(request: BulkRequest, deadline: number): Promise<Reservation | Postponed> {
    if (request.kind !== 'track') return { keep: () => undefined };
    for (;;) {
      const answer = pacer.reserve(request.appId, request.entries, clock.now());
      if (answer.kind === 'reserved') return answer.reservation;
      if (clock.now() + answer.waitMs + SHORTEST_TRY_MS > deadline) {
        const detail = "no room in Heap's rate limit before the time is up";
        return { kind: 'postponed', reason: answer.reason, detail, retryAfterMs: answer.waitMs };
      }
      await clock.sleep(answer.waitMs);
    }
  }

  async function sendOnce(
    request: BulkRequest,
    body: string,
    timeLeftMs: number,
    onTry: (happened: Try) => void,
  ): Promise<Answer> {
    const { path } = ENDPOINTS[request.kind];
    const startedAt = clock.now();
    const answer = await transport(baseUrl + path, body, Math.min(retryPolicy.timeoutMs, timeLeftMs));
    onTry({
      path,
      entries: request.entries.length,
      durationMs: clock.now() - startedAt,
      result: answer.kind === 'answered' ? answer.status : answer.kind,
    });
    return answer;
  }

  return {
    async send(request, deadline, onTry) {
      const circuit = circuitOf(request.appId);
      const body = bodyOf(request);
      let last = outOfTime;
      let hasReconnected = false;

      for (let tries = 1; ; tries += 1) {
        const state = circuit.state(clock.now());
        if (state === 'open') {
          const retryAfterMs = circuit.openUntil() - clock.now();
          return tries > 1
            ? last
            : {
                kind: 'postponed',
                reason: 'circuit_open',
                detail: 'Heap has failed several times in a row',
                retryAfterMs,
              };
        }
        if (deadline - clock.now() < SHORTEST_TRY_MS) return last;

        const reservation = await reserve(request, deadline);
        if ('kind' in reservation)
          return tries > 1 ? { ...last, retryAfterMs: reservation.retryAfterMs ?? 0 } : reservation;

        const timeLeftMs = deadline - clock.now();
        const answer = await sendOnce(request, body, timeLeftMs, onTry);
        const result = judge(answer, clock.now());
        reservation.keep(clock.now());
        // Heap was not given its time: that it had not answered yet is no failure of anybody's.
        if (answer.kind === 'timeout' && timeLeftMs < retryPolicy.timeoutMs) return outOfTime;

        if (result.kind !== 'postponed') {
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
        if (tries >= retryPolicy.tries || state === 'probing') return last;
        const waitMs = Math.max(result.retryAfterMs ?? 0, backoffMs(retryPolicy, tries, random()));
        if (clock.now() + waitMs + SHORTEST_TRY_MS > deadline) return last;
        await clock.sleep(waitMs);
      }
    },
  };
}

const outOfTime: Postponed = postponed('out_of_time', 'the invocation ended before Heap had answered');

/** Heap documents 200 and 400 alone; the rest is HTTP's own meaning. Only the status counts: the body has no fixed form. */
function judge(answer: Answer, now: number): SendResult {
  if (answer.kind === 'timeout') return postponed('heap_timeout', 'Heap did not answer in time');
  if (answer.kind === 'unreachable') return postponed('heap_unreachable', `Heap cannot be reached: ${answer.detail}`);

  const { status, body } = answer;
  if (status >= 200 && status < 300) return { kind: 'accepted' };
  const detail = `Heap answered ${status}${body.trim() === '' ? '' : `: ${body.trim()}`}`;
  const retryAfterMs = parseRetryAfter(answer.retryAfter, now);
  const extra = { heapStatus: status, ...(retryAfterMs === undefined ? {} : { retryAfterMs }) };
  if (status === 429) return { ...postponed('heap_throttled', detail), ...extra };
  if (status === 408 || status >= 500) return { ...postponed('heap_error', detail), ...extra };
  if (status < 400) return { ...postponed('heap_redirected', detail), ...extra };
  return { kind: 'refused', status, detail };
}

function postponed(reason: DeferReason, detail: string): Postponed {
  return { kind: 'postponed', reason, detail };
}

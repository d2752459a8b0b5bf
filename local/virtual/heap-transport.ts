import type { Clock } from '../../lib/clock.ts';
import type { Answer, Transport } from '../../lib/heap/transport.ts';
import type { Heap } from '../heap-simulator/heap.ts';

/** What happens to one request to Heap. */
export type HeapFault =
  | { readonly kind: 'status'; readonly status: number; readonly retryAfter?: string }
  | { readonly kind: 'cut'; readonly isStored: boolean }
  | { readonly kind: 'silence'; readonly isStored: boolean }
  | { readonly kind: 'none' };

export interface HeapConditions {
  /** One for each request, in order. After the last one, Heap is healthy. */
  readonly heapFaults: readonly HeapFault[];
  /** How long each request takes, in ms, in order. */
  readonly latenciesMs: readonly number[];
  /** How long all further requests take, in ms. */
  readonly steadyLatencyMs: number;
  /** Heap answers 413 to requests with more entries than this. */
  readonly mostEntries: number;
}

/** A request with track events that Heap has accepted. */
export interface TakenEvents {
  /** In ms since 1970. */
  readonly sentAt: number;
  readonly events: number;
}

export interface VirtualTransport {
  readonly post: Transport;
  readonly taken: readonly TakenEvents[];
}

/** A transport to the Heap simulator in virtual time, with faults and latencies. */
export function createVirtualTransport(
  clock: Clock,
  heap: Heap,
  { heapFaults, latenciesMs, steadyLatencyMs, mostEntries }: HeapConditions,
): VirtualTransport {
  const faults = heapFaults.values();
  const latencies = latenciesMs.values();
  const taken: TakenEvents[] = [];

  function arrive(url: string, body: string, sentAt: number): Answer {
    const kind = url.endsWith('/api/track') ? 'track' : 'add_user_properties';
    const entries = countEntries(body);
    const isTooLarge = entries > mostEntries;
    const { status, body: text } = isTooLarge ? { status: 413, body: 'Payload Too Large' } : heap.handle(kind, body);
    if (status === 200 && kind === 'track') taken.push({ sentAt, events: entries });
    return { kind: 'answered', status, retryAfter: undefined, body: text };
  }

  const post: Transport = async (url, body, timeoutMs) => {
    const latency = latencies.next().value ?? steadyLatencyMs;
    const fault = faults.next().value ?? { kind: 'none' };
    const sentAt = clock.now();
    // The request reaches Heap after half of its latency, or not before its timeout.
    await clock.sleep(Math.min(latency / 2, timeoutMs));
    if (fault.kind === 'status') {
      await clock.sleep(Math.min(latency / 2, timeoutMs / 2));
      return { kind: 'answered', status: fault.status, retryAfter: fault.retryAfter, body: 'injected fault' };
    }
    const answer = fault.kind === 'none' || fault.isStored ? arrive(url, body, sentAt) : undefined;
    if (latency >= timeoutMs || fault.kind === 'silence') {
      await clock.sleep(timeoutMs - Math.min(latency / 2, timeoutMs));
      return { kind: 'timeout' };
    }
    await clock.sleep(latency / 2);
    if (answer === undefined || fault.kind === 'cut') {
      return { kind: 'unreachable', isConnectionLost: true, detail: 'ECONNRESET' };
    }
    return answer;
  };
  return { post, taken };
}

function countEntries(body: string): number {
  const parsed: { readonly events?: unknown[]; readonly users?: unknown[] } = JSON.parse(body);
  return (parsed.events ?? parsed.users ?? []).length;
}

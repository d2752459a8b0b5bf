import type { Clock } from '../../lib/clock.ts';
import { ENDPOINTS, type HeapCallKind } from '../../lib/heap/api.ts';
import type { Answer, Transport } from '../../lib/heap/transport.ts';
import type { Heap } from '../heap-simulator/heap.ts';

/** What goes wrong with a request to Heap. */
export type HeapFailure =
  | { readonly kind: 'status'; readonly status: number; readonly retryAfter?: string }
  /** The connection ends in the middle. */
  | { readonly kind: 'cut'; readonly isStored: boolean }
  | { readonly kind: 'silence'; readonly isStored: boolean }
  /** There is no connection, for example because the name is not found. */
  | { readonly kind: 'unreachable' };

/** What happens to one request to Heap. */
export type HeapFault = HeapFailure | { readonly kind: 'none' };

/** What happens to all requests for some time: to all of them, to those of one app, or to those of one path. */
export interface Outage {
  /** In ms since the start of the run. */
  readonly fromMs: number;
  /** In ms since the start of the run; Infinity for ever. */
  readonly toMs: number;
  readonly what: HeapFailure;
  readonly appId?: string;
  readonly call?: HeapCallKind;
}

export interface HeapConditions {
  /** The first one that is on at the time of a request decides. */
  readonly outages: readonly Outage[];
  /** One for each request outside of the outages, in order. After the last one, Heap is healthy. */
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
  /** When `heapFaults` failed a request, or `latenciesMs` made it slow, in ms since 1970, in order. */
  readonly faultTimes: readonly number[];
}

/** A request that takes longer than this may fail because of that. */
const SLOW_MS = 5000;

/** A transport to the Heap simulator in virtual time, with outages, faults and latencies. The run starts now. */
export function createVirtualTransport(
  clock: Clock,
  heap: Heap,
  { outages, heapFaults, latenciesMs, steadyLatencyMs, mostEntries }: HeapConditions,
): VirtualTransport {
  const startedAt = clock.now();
  const faults = heapFaults.values();
  const latencies = latenciesMs.values();
  const taken: TakenEvents[] = [];
  const faultTimes: number[] = [];

  function nextLatency(): number {
    const latency = latencies.next().value;
    if (latency !== undefined && latency >= SLOW_MS) faultTimes.push(clock.now());
    return latency ?? steadyLatencyMs;
  }

  function nextFault(url: string, body: string): HeapFault {
    const atMs = clock.now() - startedAt;
    const outage = outages.find(
      ({ fromMs, toMs, appId, call }) =>
        atMs >= fromMs &&
        atMs < toMs &&
        (call === undefined || call === callOf(url)) &&
        (appId === undefined || appId === appIdOf(body)),
    );
    if (outage !== undefined) return outage.what;
    const fault = faults.next().value ?? { kind: 'none' };
    if (fault.kind !== 'none') faultTimes.push(clock.now());
    return fault;
  }

  function arrive(url: string, body: string, sentAt: number): Answer {
    const kind = callOf(url);
    const entries = countEntries(body);
    const isTooLarge = entries > mostEntries;
    const { status, body: text } = isTooLarge ? { status: 413, body: 'Payload Too Large' } : heap.handle(kind, body);
    if (status === 200 && kind === 'track') taken.push({ sentAt, events: entries });
    return { kind: 'answered', status, retryAfter: undefined, body: text, wasSent: true };
  }

  const post: Transport = async (url, bytes, timeoutMs) => {
    // Its buffer is used again after the answer.
    const body = bytes.toString();
    // The real transport cuts off a fraction of a millisecond itself, which its own test holds.
    if (!(timeoutMs >= 1 && timeoutMs < 2 ** 32)) throw new RangeError(`a timeout of ${timeoutMs} ms`);
    const latency = nextLatency();
    const sentAt = clock.now();
    // The request reaches Heap after half of its latency, or not before its timeout.
    await clock.sleep(Math.min(latency / 2, timeoutMs));
    const fault = nextFault(url, body);
    if (fault.kind === 'unreachable') return { kind: 'unreachable', isConnectionLost: false, detail: 'ENOTFOUND' };
    const isStored = fault.kind === 'none' || (fault.kind !== 'status' && fault.isStored);
    const answer = isStored ? arrive(url, body, sentAt) : undefined;
    if (latency >= timeoutMs || fault.kind === 'silence') {
      await clock.sleep(timeoutMs - Math.min(latency / 2, timeoutMs));
      return { kind: 'timeout' };
    }
    await clock.sleep(latency / 2);
    if (fault.kind === 'status') {
      return { kind: 'answered', status: fault.status, retryAfter: fault.retryAfter, body: 'injected fault' };
    }
    if (answer === undefined || fault.kind === 'cut') {
      return { kind: 'unreachable', isConnectionLost: true, detail: 'ECONNRESET' };
    }
    return answer;
  };
  return { post, taken, faultTimes };
}

function callOf(url: string): HeapCallKind {
  const kinds: readonly HeapCallKind[] = ['add_user_properties', 'add_account_properties'];
  return kinds.find((kind) => url.endsWith(ENDPOINTS[kind].path)) ?? 'track';
}

function appIdOf(body: string): string | undefined {
  const parsed: { readonly app_id?: string } = JSON.parse(body);
  return parsed.app_id;
}

function countEntries(body: string): number {
  const parsed: Partial<Record<'events' | 'users' | 'accounts', unknown[]>> = JSON.parse(body);
  return (parsed.events ?? parsed.users ?? parsed.accounts ?? []).length;
}

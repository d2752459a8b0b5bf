import type { HeapCall } from '../../lib/heap/api.ts';
import { groupByApp, toRequests, type BulkRequest, type PendingCall } from '../../lib/heap/bulk.ts';

/** A track event on its way; its idempotency key is its name. */
export function trackOf(key: string, { identity = `u-${key}`, appId = '11', padding = '' } = {}): PendingCall {
  const payload = { identity, event: 'A', properties: padding === '' ? {} : { padding }, idempotency_key: key };
  return { call: { kind: 'track', appId, payload }, arrivedAt: 0 };
}

/** So many track events, of as many users unless all are of one. */
export function tracksOf(count: number, options: Parameters<typeof trackOf>[1] = {}): PendingCall[] {
  return Array.from({ length: count }, (_, index) => trackOf(`e-${index}`, options));
}

/** User properties on their way. */
export function userOf(
  identity: string,
  properties: Record<string, string | number>,
  { time, arrivedAt = 0, appId = '11' }: { time?: number; arrivedAt?: number; appId?: string } = {},
): PendingCall {
  const timestamp = time === undefined ? undefined : new Date(time).toISOString();
  const call: HeapCall = { kind: 'add_user_properties', appId, payload: { identity, properties }, timestamp };
  return { call, arrivedAt };
}

/** Properties of an account on their way. */
export function accountOf(
  accountId: string,
  properties: Record<string, string | number>,
  { time, arrivedAt = 0, appId = '11' }: { time?: number; arrivedAt?: number; appId?: string } = {},
): PendingCall {
  const timestamp = time === undefined ? undefined : new Date(time).toISOString();
  const payload = { account_id: accountId, properties };
  return { call: { kind: 'add_account_properties', appId, payload, timestamp }, arrivedAt };
}

/** The requests that calls make, before any limit but those of a request. */
export function requestsOf(calls: readonly PendingCall[]): BulkRequest[] {
  return [...groupByApp(calls).values()].flat().flatMap((group) => toRequests(group));
}

/** The name of a call: the idempotency key of an event, the names of properties. */
export function nameOf({ call }: PendingCall): string {
  return call.kind === 'track' ? call.payload.idempotency_key : Object.keys(call.payload.properties).join();
}

/** The names of the calls in a request. An event that was accepted before, and is sent again as a control, is "control". */
export function namesIn(request: BulkRequest): string[] {
  return request.entries.flatMap(({ calls }) => (calls.length === 0 ? ['control'] : calls.map(nameOf)));
}

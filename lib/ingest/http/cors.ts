import type { HttpRequest } from './request.ts';

/** Seconds for which a browser may remember that it is allowed to send; RudderStack's figure. */
const PREFLIGHT_MAX_AGE_S = 900;

/** Nothing but what an origin or a list of header names is made of: the value goes back in a header. */
const ORIGIN = /^[\w.:/[\]*-]{1,300}$/;
const HEADER_NAMES = /^[\w\-, ]{1,1000}$/;

/**
 * The headers that let a page of any origin send events with credentials and any header, as RudderStack's gateway does: the SDKs
 * add headers of their own, and retries add more. What protects the queue is the write key.
 */
export function corsHeaders({ headers, method }: HttpRequest): Record<string, string> {
  const origin = headers['origin'] ?? '';
  if (!ORIGIN.test(origin)) return {};
  const allowed = {
    'access-control-allow-origin': origin,
    'access-control-allow-credentials': 'true',
    vary: 'Origin',
  };
  if (method !== 'OPTIONS') return allowed;
  const wanted = headers['access-control-request-headers'] ?? '';
  return {
    ...allowed,
    'access-control-allow-methods': 'GET, POST, PUT, PATCH',
    'access-control-max-age': String(PREFLIGHT_MAX_AGE_S),
    ...(HEADER_NAMES.test(wanted) ? { 'access-control-allow-headers': wanted } : {}),
  };
}

import type { HttpRequest } from './request.ts';

/** How long a browser may cache a preflight answer, in seconds. The same as in RudderStack's gateway. */
const PREFLIGHT_MAX_AGE_S = 900;

/** The values are returned in a header, so only characters of an origin and of header names are accepted. */
const ORIGIN = /^[\w.:/[\]*-]{1,300}$/;
const HEADER_NAMES = /^[\w\-, ]{1,1000}$/;

/**
 * Returns the CORS headers. As in RudderStack's gateway, a page of any origin may send events with credentials and with any
 * header, because the SDKs add several headers of their own. The write key protects the queue.
 *
 * @see https://fetch.spec.whatwg.org/#cors-safelisted-response-header-name
 */
export function corsHeaders({ headers, method }: HttpRequest): Record<string, string> {
  const origin = headers['origin'] ?? '';
  if (!ORIGIN.test(origin)) return {};
  const allowed = {
    'access-control-allow-origin': origin,
    'access-control-allow-credentials': 'true',
    vary: 'Origin, Authorization',
  };
  // A page can read only this header, and the few that every answer shows, such as `Cache-Control`.
  if (method !== 'OPTIONS') return { ...allowed, 'access-control-expose-headers': 'Retry-After' };
  const wanted = headers['access-control-request-headers'] ?? '';
  return {
    ...allowed,
    'access-control-allow-methods': 'GET, POST, PUT, PATCH',
    'access-control-max-age': String(PREFLIGHT_MAX_AGE_S),
    ...(HEADER_NAMES.test(wanted) ? { 'access-control-allow-headers': wanted } : {}),
  };
}

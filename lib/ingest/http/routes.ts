import { refuse, type Refusal } from './refusal.ts';

/**
 * How a request authenticates: the write key as Basic user, the write key in the query, or the webhook secret in a header.
 */
export type Authentication = 'header' | 'query' | 'webhook';

/** What a path is for. */
export type Route =
  /** One event; the path determines its type. */
  | { readonly kind: 'event'; readonly authentication: Authentication; readonly type: string }
  /** `{"batch":[…]}`. */
  | { readonly kind: 'batch'; readonly authentication: Authentication }
  /** From RudderStack's Webhook destination: one event, an array, or a batch, already processed by RudderStack. */
  | { readonly kind: 'webhook'; readonly authentication: Authentication }
  /** One event in the query. */
  | { readonly kind: 'pixel'; readonly authentication: Authentication; readonly type: 'track' | 'page' }
  | { readonly kind: 'source_config' }
  | { readonly kind: 'health' }
  | { readonly kind: 'robots' };

/** A route that receives events. */
export type EventRoute = Extract<Route, { readonly authentication: Authentication }>;

const EVENT_TYPES = ['identify', 'track', 'page', 'screen', 'group', 'alias'] as const;

const ROUTES: ReadonlyMap<string, { readonly methods: readonly string[]; readonly route: Route }> = new Map([
  ...EVENT_TYPES.map((type) => on(['POST'], `/v1/${type}`, { kind: 'event', authentication: 'header', type })),
  // Segment's client for browsers uses the first letter of the type, and `b` for a batch.
  ...EVENT_TYPES.map((type) => on(['POST'], `/v1/${type[0]}`, { kind: 'event', authentication: 'header', type })),
  on(['POST'], '/v1/b', { kind: 'batch', authentication: 'header' }),
  on(['POST'], '/v1/batch', { kind: 'batch', authentication: 'header' }),
  on(['POST'], '/v1/import', { kind: 'batch', authentication: 'header' }),
  on(['POST'], '/beacon/v1/batch', { kind: 'batch', authentication: 'query' }),
  on(['GET'], '/pixel/v1/track', { kind: 'pixel', authentication: 'query', type: 'track' }),
  on(['GET'], '/pixel/v1/page', { kind: 'pixel', authentication: 'query', type: 'page' }),
  on(['POST', 'PUT', 'PATCH'], '/webhook', { kind: 'webhook', authentication: 'webhook' }),
  on(['GET'], '/sourceConfig', { kind: 'source_config' }),
  on(['GET', 'HEAD'], '/health', { kind: 'health' }),
  on(['GET', 'HEAD'], '/', { kind: 'health' }),
  on(['GET', 'HEAD'], '/robots.txt', { kind: 'robots' }),
]);

function on(
  methods: readonly string[],
  path: string,
  route: Route,
): readonly [string, { readonly methods: readonly string[]; readonly route: Route }] {
  return [path, { methods, route }];
}

/**
 * Finds the route of a request. The routes are RudderStack's data-plane API as far as its SDKs use it, the short paths of
 * Segment's client for browsers, `/sourceConfig` of RudderStack's control plane, and `/webhook`.
 *
 * @see https://www.rudderstack.com/docs/api/http-api/
 * @see https://github.com/segmentio/analytics-next/blob/master/packages/browser/src/plugins/segmentio/index.ts
 */
export function findRoute(method: string, path: string): Route | Refusal {
  const found = ROUTES.get(path);
  if (found === undefined) return refuse('unknown_path');
  return found.methods.includes(method) ? found.route : refuse('wrong_method');
}

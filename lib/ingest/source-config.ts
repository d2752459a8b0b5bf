import { createHash } from 'node:crypto';
import { RESOLUTION_STRATEGIES, type WebConfig } from '../rudderstack/web-config.ts';
import type { HttpAnswer, HttpRequest } from './http/request.ts';
import type { Source } from './keys/write-keys.ts';

/** The Web SDK's values of the parameter `p`: how it was installed. Every other SDK sends its platform, or nothing. */
const WEB_PLATFORMS: ReadonlySet<string | null> = new Set(['npm', 'cdn']);

/** Nothing says when a setting was changed, and no SDK needs to know. A constant keeps the answer the same. */
const UPDATED_AT = '2026-01-01T00:00:00.000Z';

/**
 * How long a browser uses an answer: for five minutes as it is, like the keys, and for an hour while it asks again in the
 * background. Longer, and a change of mode would take longer to reach every page. Shared caches must not keep a write key.
 */
const CACHE_CONTROL = 'private, max-age=300, stale-while-revalidate=3600';

/** The answer to a request for the source configuration. */
export interface SourceConfigAnswer {
  readonly answer: HttpAnswer;
  /** Whether it tells a Web SDK to send events to Heap from the browser. */
  readonly isDeviceMode: boolean;
}

/**
 * Answers what web and mobile SDKs request from RudderStack's control plane when they start. In web device mode, Web SDKs are
 * told of the Heap destination, and load Heap. All others are told of no destination, so that they only send events to the
 * HTTP endpoint.
 *
 * @param source undefined if the key cannot be checked now. The Web SDK asks once for each page, and without an answer it loses the
 *   page's events. So it gets one that must not be kept. With an answer it sends its events, and keeps them until the endpoint
 *   can check their key.
 * @param web the settings for device mode; undefined in cloud mode
 * @see https://github.com/rudderlabs/rudder-sdk-js
 */
export function answerSourceConfig(
  { query, headers }: HttpRequest,
  {
    source,
    key,
    web,
  }: { readonly source: Source | undefined; readonly key: string; readonly web: WebConfig | undefined },
): SourceConfigAnswer {
  const isWeb = WEB_PLATFORMS.has(query.get('p'));
  const isEnabled = source?.isEnabled ?? true;
  // Version 2 of the Web SDK ignores that a source is disabled, so it must not hear of a destination.
  const destinations = isWeb && isEnabled && web !== undefined ? [heapDestination(web)] : [];
  const isDeviceMode = destinations.length > 0;
  const body = JSON.stringify({
    isHosted: true,
    source: {
      id: source?.name ?? 'unknown',
      name: source?.name ?? 'unknown',
      writeKey: key,
      enabled: isEnabled,
      workspaceId: 'self-hosted',
      createdAt: UPDATED_AT,
      updatedAt: UPDATED_AT,
      // The SDKs must not send error reports and usage statistics to RudderStack.
      config: { statsCollection: { errors: { enabled: false }, metrics: { enabled: false } } },
      connections: [],
      destinations,
    },
    updatedAt: UPDATED_AT,
    ...(isWeb ? { consentManagementMetadata: { providers: RESOLUTION_STRATEGIES } } : {}),
  });
  const contentType = 'application/json; charset=utf-8';
  if (source === undefined) return { answer: { status: 200, contentType, body }, isDeviceMode };

  const etag = `"${createHash('sha256').update(body).digest('base64url').slice(0, 22)}"`;
  const isKnown = headers['if-none-match']?.includes(etag) === true;
  // Also without an origin: what a browser has kept without CORS headers must not answer a page that needs them.
  const cached = { etag, 'cache-control': CACHE_CONTROL, vary: 'Origin, Authorization' };
  return {
    answer: { status: isKnown ? 304 : 200, contentType, body: isKnown ? '' : body, headers: cached },
    isDeviceMode,
  };
}

/** The mobile SDKs' models require all of these fields. The Web SDK finds the integration by `displayName`. */
function heapDestination(config: WebConfig): object {
  return {
    id: 'heap',
    name: 'Heap',
    enabled: true,
    updatedAt: UPDATED_AT,
    destinationDefinitionId: 'heap',
    destinationDefinition: { name: 'HEAP', displayName: 'Heap.io', updatedAt: UPDATED_AT },
    shouldApplyDeviceModeTransformation: false,
    propagateEventsUntransformedOnError: false,
    config,
  };
}

import { readSettings, type Settings } from '../rudderstack/settings.ts';
import { ENDPOINTS, heapBaseUrl, type HeapCall } from '../heap/api.ts';
import { decide } from './decide.ts';
import type { Filtered, Rejected } from '../outcome.ts';
import { isObject, valueAt, type JsonObject } from '../json.ts';
import { unwrap, type Enveloped } from '../rudderstack/envelope.ts';
import { ConfigurationError } from '../configuration-error.ts';

/** What would happen to one event. */
export type Preview =
  | {
      readonly kind: 'deliver';
      readonly endpoint: string;
      /** In the format of Heap's API for single events. */
      readonly body: { readonly app_id: string } & HeapCall['payload'];
    }
  | Filtered
  | Rejected
  | { readonly kind: 'rejected'; readonly reason: 'wrong_config'; readonly detail: string };

/** The previews of a body with several events. */
export interface BatchPreview {
  readonly kind: 'batch';
  readonly events: readonly Preview[];
}

/**
 * Shows what would happen to a message body. Nothing is sent.
 *
 * @param config RudderStack's `Config`; keys of the body's `destination.Config` override it
 */
export function previewBody(body: string, config: JsonObject): Preview | BatchPreview {
  let settings: Settings;
  try {
    settings = readSettings({ ...config, ...ownConfig(body) }, 'Config');
  } catch (error) {
    if (error instanceof ConfigurationError) return { kind: 'rejected', reason: 'wrong_config', detail: error.message };
    throw error;
  }
  const previews = unwrap(body).map((enveloped) => preview(enveloped, settings));
  const [only] = previews;
  return only !== undefined && previews.length === 1 ? only : { kind: 'batch', events: previews };
}

function preview(enveloped: Enveloped, settings: Settings): Preview {
  if (enveloped.kind === 'rejected') return enveloped.rejection;
  const decision = decide(enveloped.event, settings);
  if (decision.kind !== 'mapped') return decision;
  const { kind, appId, payload } = decision.call;
  const endpoint = heapBaseUrl(settings.dataResidency, undefined) + ENDPOINTS[kind].path;
  return { kind: 'deliver', endpoint, body: { app_id: appId, ...payload } };
}

function ownConfig(body: string): JsonObject {
  if (!body.includes('"destination"')) return {};
  try {
    const config = valueAt(JSON.parse(body), ['destination', 'Config']);
    return isObject(config) ? config : {};
  } catch {
    return {};
  }
}

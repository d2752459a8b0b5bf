import { ConfigurationError, readSettings, type Settings } from '../lib/config.ts';
import { ENDPOINTS, heapBaseUrl, type HeapCall } from '../lib/heap/api.ts';
import { decide } from '../lib/mapping/decide.ts';
import type { Filtered, Rejected } from '../lib/outcome.ts';
import { isObject, valueAt, type JsonObject } from '../lib/json.ts';
import { unwrap, type Enveloped } from '../lib/rudderstack/envelope.ts';

/** What would become of one event. */
export type Preview =
  | {
      readonly kind: 'deliver';
      readonly endpoint: string;
      /** In Heap's single form. */
      readonly body: { readonly app_id: string } & HeapCall['payload'];
    }
  | Filtered
  | Rejected
  | { readonly kind: 'rejected'; readonly reason: 'wrong_config'; readonly detail: string };

/** A line with several events in one envelope has a preview for each. */
export interface BatchPreview {
  readonly kind: 'batch';
  readonly events: readonly Preview[];
}

/**
 * Previews one line: an event, or any body that the queue may hold.
 *
 * @param config RudderStack's `Config`; a line's own `destination.Config` overrides it key by key
 */
export function previewLine(line: string, config: JsonObject): Preview | BatchPreview {
  let settings: Settings;
  try {
    settings = readSettings({ ...config, ...ownConfig(line) }, 'Config');
  } catch (error) {
    if (error instanceof ConfigurationError) return { kind: 'rejected', reason: 'wrong_config', detail: error.message };
    throw error;
  }
  const previews = unwrap(line).map((enveloped) => preview(enveloped, settings));
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

function ownConfig(line: string): JsonObject {
  if (!line.includes('"destination"')) return {};
  try {
    const config = valueAt(JSON.parse(line), ['destination', 'Config']);
    return isObject(config) ? config : {};
  } catch {
    return {};
  }
}

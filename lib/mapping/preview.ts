import { readSettings, type Settings } from '../rudderstack/settings.ts';
import { ENDPOINTS, heapBaseUrl, type HeapCall } from '../heap/api.ts';
import { decide } from './decide.ts';
import type { Cuts } from './flatten.ts';
import type { Filtered, Rejected } from '../outcome.ts';
import { isObject, valueAt, type JsonObject } from '../json.ts';
import { unwrap, type Enveloped } from '../rudderstack/envelope.ts';
import { ConfigurationError } from '../configuration-error.ts';
import { parseJson } from '../exact-json.ts';

interface PreviewedCall {
  readonly endpoint: string;
  /** In the format of Heap's API for single events. */
  readonly body: { readonly app_id: string } & HeapCall['payload'];
}

/** What would happen to one event. */
export type Preview =
  | (PreviewedCall & {
      readonly kind: 'deliver';
      /** The second call, if the event makes two. */
      readonly also?: PreviewedCall;
      /** What is lost on the way and cannot be seen in the body, in sentences. */
      readonly notes?: readonly string[];
    })
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
 * @param arrivedAtMs when the body arrives in the queue, in ms since 1970
 */
export function previewBody(body: string, config: JsonObject, arrivedAtMs?: number): Preview | BatchPreview {
  let settings: Settings;
  try {
    settings = readSettings({ ...config, ...ownConfig(body) }, 'Config');
  } catch (error) {
    if (error instanceof ConfigurationError) return { kind: 'rejected', reason: 'wrong_config', detail: error.message };
    throw error;
  }
  const previews = unwrap(body).map((enveloped) => previewEvent(enveloped, settings, arrivedAtMs));
  const [only] = previews;
  return only !== undefined && previews.length === 1 ? only : { kind: 'batch', events: previews };
}

/**
 * Shows what would happen to an event that was unwrapped.
 *
 * @param arrivedAtMs when it arrives in the queue, in ms since 1970
 */
export function previewEvent(enveloped: Enveloped, settings: Settings, arrivedAtMs: number | undefined): Preview {
  if (enveloped.kind === 'rejected') return enveloped.rejection;
  const decision = decide(enveloped.event, settings, arrivedAtMs);
  if (decision.kind !== 'mapped') return decision;
  const { call, also, cuts } = decision;
  const shown = ({ kind, appId, payload }: HeapCall): PreviewedCall => ({
    endpoint: heapBaseUrl(settings.dataResidency, undefined) + ENDPOINTS[kind].path,
    body: { app_id: appId, ...payload },
  });
  const notes = notesOn(cuts);
  return {
    kind: 'deliver',
    ...shown(call),
    ...(also !== undefined && { also: shown(also) }),
    ...(notes.length > 0 && { notes }),
  };
}

function notesOn(cuts: Cuts): readonly string[] {
  return [
    cuts.withoutTime > 0 && 'the event has no time that can be read and can be true: Heap uses the time of arrival',
    cuts.namesCollided > 0 && `properties that have the name of another one and are lost: ${cuts.namesCollided}`,
    cuts.heapIdsDropped > 0 &&
      `ids in integrations that cannot be ids of Heap, and are left out: ${cuts.heapIdsDropped}`,
  ].filter((note) => note !== false);
}

function ownConfig(body: string): JsonObject {
  if (!body.includes('"destination"')) return {};
  try {
    const config = valueAt(parseJson(body), ['destination', 'Config']);
    return isObject(config) ? config : {};
  } catch {
    return {};
  }
}

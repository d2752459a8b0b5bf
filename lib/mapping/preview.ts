import { readSettings, type Settings } from '../rudderstack/settings.ts';
import { ENDPOINTS, heapBaseUrl, type HeapCall } from '../heap/api.ts';
import { decideTransformed } from './decide-transformed.ts';
import { decideWith } from './decide-with.ts';
import type { Cuts } from './flatten.ts';
import { mapOptional } from './map-optional.ts';
import type { Mapped } from './mapped.ts';
import { TOOLS } from './tools.ts';
import type { Filtered, Rejected } from '../outcome.ts';
import { isObject, valueAt, type JsonObject } from '../json.ts';
import type { RudderStackEvent } from '../rudderstack/event.ts';
import type { TransformEvent } from '../transformation/transform-event.ts';
import { unwrap, type Enveloped } from '../rudderstack/envelope.ts';
import { ConfigurationError } from '../configuration-error.ts';
import { parseJson } from '../exact-json.ts';

interface PreviewedCall {
  readonly endpoint: string;
  /** In the format of Heap's API for single events. */
  readonly body: { readonly app_id: string } & HeapCall['payload'];
}

/** What would happen to one event, or to one of those that a transformation has made of it. */
type OnePreview =
  | (PreviewedCall & {
      readonly kind: 'deliver';
      /** The second call, if the event makes two. */
      readonly also?: PreviewedCall;
      /** What is lost on the way and cannot be seen in the body, in sentences. */
      readonly notes?: readonly string[];
    })
  | Filtered
  | Rejected;

/** With the event that a transformation has returned. */
type TransformedPreview = OnePreview & { readonly transformed?: RudderStackEvent };

/** What would happen to one event. */
export type Preview =
  | TransformedPreview
  /** A transformation has returned a list. */
  | { readonly kind: 'list'; readonly events: readonly TransformedPreview[] }
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
 * @param transformEvent the owner's transformation; undefined if there is none
 */
export function previewBody(
  body: string,
  config: JsonObject,
  arrivedAtMs?: number,
  transformEvent?: TransformEvent,
): Preview | BatchPreview {
  let settings: Settings;
  try {
    settings = readSettings({ ...config, ...ownConfig(body) }, 'Config');
  } catch (error) {
    if (error instanceof ConfigurationError) return { kind: 'rejected', reason: 'wrong_config', detail: error.message };
    throw error;
  }
  const previews = unwrap(body).map((enveloped) => previewEvent(enveloped, settings, arrivedAtMs, transformEvent));
  const [only] = previews;
  return only !== undefined && previews.length === 1 ? only : { kind: 'batch', events: previews };
}

/**
 * Shows what would happen to an event that was unwrapped.
 *
 * @param arrivedAtMs when it arrives in the queue, in ms since 1970
 * @param transformEvent the owner's transformation, which may change the event; undefined if there is none
 */
export function previewEvent(
  enveloped: Enveloped,
  settings: Settings,
  arrivedAtMs: number | undefined,
  transformEvent?: TransformEvent,
): Preview {
  if (enveloped.kind === 'rejected') return enveloped.rejection;
  const decideOne = (event: RudderStackEvent): Decision => decideWith(mapOptional, event, settings, arrivedAtMs);
  if (transformEvent === undefined) return previewDecision(decideOne(enveloped.event), settings);
  const { transformed, decisions } = decideTransformed(transformEvent, enveloped.event, settings, decideOne, TOOLS);
  if (transformed.kind !== 'transformed') return transformed;
  const events = transformed.events.flatMap((event, index): TransformedPreview[] => {
    const decision = decisions[index];
    return decision === undefined ? [] : [{ ...previewDecision(decision, settings), transformed: event }];
  });
  const [only] = events;
  return only !== undefined && !transformed.isList ? only : { kind: 'list', events };
}

type Decision = Mapped | Filtered | Rejected;

function previewDecision(decision: Decision, settings: Settings): OnePreview {
  if (decision.kind !== 'mapped') return decision;
  const { call, also, cuts } = decision;
  const shown = ({ kind, appId, payload }: HeapCall): PreviewedCall => ({
    endpoint: heapBaseUrl(settings.dataResidency, undefined) + ENDPOINTS[kind].path,
    body: { app_id: appId, ...payload },
  });
  const [second] = also ?? [];
  const notes = notesOn(cuts);
  return {
    kind: 'deliver',
    ...shown(call),
    ...(second !== undefined && { also: shown(second) }),
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

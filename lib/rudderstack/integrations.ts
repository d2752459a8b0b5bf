import { isArray, isObject, type JsonObject } from '../json.ts';
import type { RudderStackEvent } from './event.ts';

/** Heap's display name in RudderStack, the only key that is recognized. It is case-sensitive. */
const DESTINATION_NAME = 'Heap.io';

/**
 * Whether the event's `integrations` object enables Heap, by rudder-server's rules, with one difference: null and an
 * empty array mean the same as an empty object, since PHP writes an empty map as `[]`. If it is anything else that is not an
 * object, or its `All` is not a boolean, no destination is enabled. Heap's key takes precedence over `All` if it is a boolean or an object
 * (options, which count as true). Any other value of the key is ignored.
 *
 * @see https://www.rudderstack.com/docs/event-spec/standard-events/common-fields/#using-the-integrations-field
 */
export function isIntegrationEnabled(event: RudderStackEvent): boolean {
  const { integrations } = event;
  if (integrations === undefined || integrations === null) return true;
  if (!isObject(integrations)) return isArray(integrations) && integrations.length === 0;

  const { All: all = true, [DESTINATION_NAME]: heap } = integrations;
  if (typeof all !== 'boolean') return false;
  if (typeof heap === 'boolean') return heap;
  return isObject(heap) || all;
}

/** The options for Heap in an event's `integrations`, if there are any. */
export function heapOptions({ integrations }: RudderStackEvent): JsonObject | undefined {
  const options = isObject(integrations) ? integrations[DESTINATION_NAME] : undefined;
  return isObject(options) ? options : undefined;
}

import { isObject } from '../json.ts';
import type { RudderStackEvent } from './event.ts';

/** Heap's display name in RudderStack: the only key that counts, and its case matters. */
const DESTINATION_NAME = 'Heap.io';

/**
 * Whether the event's `integrations` object lets it through to Heap. This is rudder-server's rule to the letter: something
 * that is no object, or an `All` that is no boolean, means no destination at all; Heap's own key wins over `All` when it is
 * a boolean or an object (options, hence wanted); anything else counts as absent.
 *
 * @see https://www.rudderstack.com/docs/event-spec/standard-events/common-fields/#using-the-integrations-field
 */
export function isIntegrationEnabled(event: RudderStackEvent): boolean {
  if (event.integrations === undefined) return true;
  if (!isObject(event.integrations)) return false;

  const { All: all = true, [DESTINATION_NAME]: heap } = event.integrations;
  if (typeof all !== 'boolean') return false;
  if (typeof heap === 'boolean') return heap;
  return isObject(heap) || all;
}

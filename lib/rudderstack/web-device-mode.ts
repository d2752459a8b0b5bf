import { valueAt } from '../json.ts';
import type { RudderStackEvent } from './event.ts';

/** The name that every version of RudderStack's Web SDK gives itself in an event's `context.library`. */
const WEB_SDK = 'RudderLabs JavaScript SDK';

/** A setting as RudderStack's form writes it: one value, or one for each source. */
type ForWeb<Setting> = Setting | { readonly web: Setting };

/**
 * Whether the owner has chosen web device mode: the Web SDK sends events to Heap from the browser. The forwarder's filter and
 * `/sourceConfig` both go by it, through `Settings.isWebDeviceMode`, so that they cannot disagree.
 *
 * RudderStack's form writes both keys. As for its Web SDK, one of them is enough.
 *
 * @see https://www.rudderstack.com/docs/destinations/streaming-destinations/heap.io/
 */
export function isWebDeviceMode(config: {
  readonly useNativeSDK: ForWeb<boolean>;
  readonly connectionMode: ForWeb<string>;
}): boolean {
  return forWeb(config.useNativeSDK) || forWeb(config.connectionMode) === 'device';
}

/**
 * Whether an event is the copy of one that the Web SDK sends to Heap from the browser in device mode. The SDK sends such a
 * copy of every event, and nothing in the copy says so.
 *
 * Some senders of the channel `web` have no device mode, and nobody but the forwarder sends their events to Heap: the SDK's
 * lite builds, which name themselves in `variant`, and libraries with another name, for example AMP's. An event without a
 * library counts as the Web SDK's.
 */
export function isCopyOfBrowser(event: RudderStackEvent): boolean {
  if (event.channel !== 'web') return false;
  const name = valueAt(event, ['context', 'library', 'name']);
  if (typeof name === 'string' && name.trim() !== '' && name.trim() !== WEB_SDK) return false;
  const variant = valueAt(event, ['context', 'library', 'variant']);
  return typeof variant !== 'string' || !variant.endsWith('lite');
}

function forWeb<Setting>(given: ForWeb<Setting>): Setting {
  return typeof given === 'object' && given !== null && 'web' in given ? given.web : given;
}

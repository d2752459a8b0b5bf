import { valueAt } from '../json.ts';
import type { RudderStackEvent } from './event.ts';

/** The source types of RudderStack's Heap destination. Settings for each source use these names as keys. */
export const SOURCE_TYPES = [
  'android',
  'androidKotlin',
  'ios',
  'iosSwift',
  'web',
  'unity',
  'amp',
  'cloud',
  'warehouse',
  'reactnative',
  'flutter',
  'cordova',
  'shopify',
] as const;

export type SourceType = (typeof SOURCE_TYPES)[number];

/**
 * The sources whose events the Web SDK may have sent: on the web, the Flutter SDK calls the Web SDK of the page, and its events
 * look the same.
 */
export const WEB_SDK_SOURCES: readonly SourceType[] = ['web', 'flutter'];

/** These SDKs use a native SDK and send events with the native library's name. */
const WRAPPERS: readonly SourceType[] = ['reactnative', 'flutter', 'cordova', 'unity'];

const BY_LIBRARY: ReadonlyMap<unknown, readonly SourceType[]> = new Map([
  ['com.rudderstack.android.sdk.core', ['android', ...WRAPPERS]],
  ['com.rudderstack.sdk.kotlin.android', ['androidKotlin', ...WRAPPERS]],
  ['com.rudderstack.sdk.kotlin.core', ['androidKotlin']],
  ['rudder-ios-library', ['ios', ...WRAPPERS]],
  ['rudder-sdk-swift', ['iosSwift', ...WRAPPERS]],
  ['RudderLabs JavaScript SDK', WEB_SDK_SOURCES],
  ['RudderStack Shopify Cloud', ['shopify']],
  ['Rudderstack AMP SDK', ['amp']],
]);

const BY_CHANNEL: ReadonlyMap<unknown, readonly SourceType[]> = new Map([
  ['web', WEB_SDK_SOURCES],
  ['amp', ['amp']],
  ['server', ['cloud']],
  ['sources', ['warehouse']],
  ['mobile', ['android', 'androidKotlin', 'ios', 'iosSwift', ...WRAPPERS]],
]);

/**
 * Returns the source types that an event may have come from. An event does not contain its source type. The library's name
 * narrows it down, or else the channel. If both are unknown, all source types are returned.
 */
export function sourceTypesOf(event: RudderStackEvent): readonly SourceType[] {
  const library = valueAt(event, ['context', 'library', 'name']);
  return (
    BY_LIBRARY.get(typeof library === 'string' ? library.trim() : library) ??
    BY_CHANNEL.get(event.channel) ??
    SOURCE_TYPES
  );
}

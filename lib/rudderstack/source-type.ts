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

/** These SDKs use a native SDK and send events with the native library's name. */
const WRAPPERS: readonly SourceType[] = ['reactnative', 'flutter', 'cordova', 'unity'];

const BY_LIBRARY: ReadonlyMap<unknown, readonly SourceType[]> = new Map([
  ['com.rudderstack.android.sdk.core', ['android', ...WRAPPERS]],
  ['com.rudderstack.sdk.kotlin.android', ['androidKotlin', ...WRAPPERS]],
  ['com.rudderstack.sdk.kotlin.core', ['androidKotlin']],
  ['rudder-ios-library', ['ios', ...WRAPPERS]],
  ['rudder-sdk-swift', ['iosSwift', ...WRAPPERS]],
  ['RudderStack Shopify Cloud', ['shopify']],
  ['Rudderstack AMP SDK', ['amp']],
]);

const BY_CHANNEL: ReadonlyMap<unknown, readonly SourceType[]> = new Map([
  ['web', ['web']],
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
  return BY_LIBRARY.get(library) ?? BY_CHANNEL.get(event.channel) ?? SOURCE_TYPES;
}

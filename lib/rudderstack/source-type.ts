import { valueAt } from '../json.ts';
import type { RudderStackEvent } from './event.ts';

/** The sources of RudderStack's Heap destination; its settings are kept apart by these names. */
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

/** SDKs for several platforms wrap the native ones and sign with the native library's name. */
const WRAPPERS: readonly SourceType[] = ['reactnative', 'flutter', 'cordova', 'unity'];

const BY_LIBRARY: ReadonlyMap<unknown, readonly SourceType[]> = new Map([
  ['com.rudderstack.android.sdk.core', ['android', ...WRAPPERS]],
  ['com.rudderstack.sdk.kotlin.android', ['androidKotlin', ...WRAPPERS]],
  ['com.rudderstack.sdk.kotlin.core', ['androidKotlin']],
  ['rudder-ios-library', ['ios', ...WRAPPERS]],
  ['rudder-sdk-swift', ['iosSwift', ...WRAPPERS]],
  ['RudderStack Shopify Cloud', ['shopify']],
]);

const BY_CHANNEL: ReadonlyMap<unknown, readonly SourceType[]> = new Map([
  ['web', ['web']],
  ['amp', ['amp']],
  ['server', ['cloud']],
  ['sources', ['warehouse']],
  ['mobile', ['android', 'androidKotlin', 'ios', 'iosSwift', ...WRAPPERS]],
]);

/**
 * The sources that an event can have come from. An event does not name its source; the library that sent it narrows it
 * down, then the channel. Where neither tells, it may be any.
 */
export function sourceTypesOf(event: RudderStackEvent): readonly SourceType[] {
  const library = valueAt(event, ['context', 'library', 'name']);
  return BY_LIBRARY.get(library) ?? BY_CHANNEL.get(event.channel) ?? SOURCE_TYPES;
}

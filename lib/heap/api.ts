/**
 * Heap's server-side API as far as this project uses it: what goes out, and the limits that Heap documents.
 *
 * @see https://developers.heap.io/reference/bulk-track
 * @see https://developers.heap.io/reference/bulk-add-user-properties
 */

/** Heap has no place for null, objects or arrays: objects are lost there without a word. */
export type HeapValue = string | number | boolean;
export type HeapProperties = Record<string, HeapValue>;

/** One element of `events` in a bulk track request. */
export interface HeapEvent {
  readonly identity: string;
  readonly event: string;
  readonly properties: HeapProperties;
  /** ISO 8601; Heap takes the time of arrival when it is absent. */
  readonly timestamp?: string;
  /** Heap keeps the first event of a key and drops the later ones. */
  readonly idempotency_key: string;
}

/** One element of `users` in a bulk add_user_properties request. */
export interface HeapUser {
  readonly identity: string;
  readonly properties: HeapProperties;
}

/** What one RudderStack event asks of Heap. */
export type HeapCall =
  | { readonly kind: 'track'; readonly appId: string; readonly payload: HeapEvent }
  | {
      readonly kind: 'add_user_properties';
      readonly appId: string;
      readonly payload: HeapUser;
      /** When the properties were true, in ISO 8601, where the event tells. Heap itself only knows the arrival. */
      readonly timestamp: string | undefined;
    };

export type HeapCallKind = HeapCall['kind'];

/**
 * The path of each call, the name of the list in its bulk form, and when it is sent among the calls of one app: user
 * properties come before track events, so that an event finds its user described.
 */
export const ENDPOINTS = {
  add_user_properties: { path: '/api/add_user_properties', list: 'users', order: 1 },
  track: { path: '/api/track', list: 'events', order: 2 },
} as const satisfies Record<HeapCallKind, { readonly path: string; readonly list: string; readonly order: number }>;

/** @see https://www.rudderstack.com/docs/destinations/streaming-destinations/heap.io/ (Data Residency) */
export const HOSTS = {
  us: 'https://heapanalytics.com',
  eu: 'https://c.eu.heap-api.com',
} as const;

/** Characters are UTF-16 code units throughout: the strictest way to count them. */
export const LIMITS = {
  entriesPerRequest: 1000,
  identityCharacters: 255,
  eventNameCharacters: 1024,
  /** The reference says "fewer than 1024"; Heap's own Swift SDK drops keys over 512. */
  keyCharacters: 512,
  /** "Fewer than 1024 characters". */
  textCharacters: 1023,
  /** For bulk track, an app. */
  eventsPerMinute: 15_000,
  /** For bulk track, an identity of an app. */
  eventsPerMinutePerIdentity: 1000,
} as const;

/** The host, or what replaces it in tests and behind proxies. */
export function heapBaseUrl(dataResidency: keyof typeof HOSTS, override: string | undefined): string {
  return override ?? HOSTS[dataResidency];
}

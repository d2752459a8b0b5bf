/**
 * The part of Heap's server-side API that this project uses: the payloads, and the limits that Heap documents.
 *
 * @see https://developers.heap.io/reference/bulk-track
 * @see https://developers.heap.io/reference/bulk-add-user-properties
 * @see https://developers.heap.io/reference/bulk-add-account-properties
 */

/** A property value. Heap does not support null, objects or arrays: it drops objects without an error. */
export type HeapValue = string | number | boolean;
export type HeapProperties = Record<string, HeapValue>;

/** One element of `events` in a bulk track request. */
export interface HeapEvent {
  /** Either this or `user_id`. */
  readonly identity?: string | undefined;
  /** The id that Heap's SDK has given to somebody who is not known yet. */
  readonly user_id?: string | undefined;
  /** The session that Heap's SDK has captured. */
  readonly session_id?: string | undefined;
  readonly event: string;
  readonly properties: HeapProperties;
  /** ISO 8601. Without it Heap uses the time of arrival. */
  readonly timestamp?: string | undefined;
  /** Heap keeps the first event with a key and drops later ones. */
  readonly idempotency_key: string;
}

/** One element of `users` in a bulk add_user_properties request. */
export interface HeapUser {
  readonly identity: string;
  readonly properties: HeapProperties;
}

/** One element of `accounts` in a bulk add_account_properties request. */
export interface HeapAccount {
  readonly account_id: string;
  readonly properties: HeapProperties;
}

/** A call to Heap that a RudderStack event is mapped to. */
export type HeapCall =
  | { readonly kind: 'track'; readonly appId: string; readonly payload: HeapEvent }
  | {
      readonly kind: 'add_user_properties';
      readonly appId: string;
      readonly payload: HeapUser;
      /** The event's time in ISO 8601, if it has one. It is used to order updates and is not sent to Heap. */
      readonly timestamp: string | undefined;
    }
  | {
      readonly kind: 'add_account_properties';
      readonly appId: string;
      readonly payload: HeapAccount;
      /** The same. */
      readonly timestamp: string | undefined;
    };

export type HeapCallKind = HeapCall['kind'];

/** The user or the account that a call is about. */
export function subjectOf({ kind, payload }: HeapCall): string {
  if (kind === 'add_account_properties') return payload.account_id;
  return kind === 'track' ? (payload.identity ?? payload.user_id ?? '') : payload.identity;
}

/**
 * The path of each call, the name of the list in its bulk request, and its order among the calls of one app. Properties are
 * sent before track events, so that they are set when the events arrive.
 */
export const ENDPOINTS = {
  add_user_properties: { path: '/api/add_user_properties', list: 'users', order: 1 },
  add_account_properties: { path: '/api/add_account_properties', list: 'accounts', order: 2 },
  track: { path: '/api/track', list: 'events', order: 3 },
} as const satisfies Record<HeapCallKind, { readonly path: string; readonly list: string; readonly order: number }>;

/**
 * Heap's base URL in each region.
 *
 * @see https://www.rudderstack.com/docs/destinations/streaming-destinations/heap.io/ (Data Residency)
 */
export const HOSTS = {
  us: 'https://heapanalytics.com',
  eu: 'https://c.eu.heap-api.com',
} as const;

/** Heap's documented limits. Characters are counted as UTF-16 code units, the strictest way to count them. */
export const LIMITS = {
  entriesPerRequest: 1000,
  identityCharacters: 255,
  eventNameCharacters: 1024,
  /** The reference says "fewer than 1024", but Heap's Swift SDK drops keys over 512. */
  keyCharacters: 512,
  /** "Fewer than 1024 characters". */
  textCharacters: 1023,
  /** For bulk track, per app. */
  eventsPerMinute: 15_000,
  /** For bulk track, per identity of an app. */
  eventsPerMinutePerIdentity: 1000,
} as const;

/** Returns Heap's base URL, or the override used for tests and proxies. */
export function heapBaseUrl(dataResidency: keyof typeof HOSTS, override: string | undefined): string {
  return override ?? HOSTS[dataResidency];
}

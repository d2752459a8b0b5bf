/**
 * Types for a transformation. An editor knows them where the file says so:
 *
 *     /**
 *      * @param {import("./types.d.ts").RudderEvent} event
 *      * @param {import("./types.d.ts").GetMetadata} metadata
 *      * @returns {import("./types.d.ts").Returned}
 *      *\/
 */

/** An object of an event. Its values are for the transformation to check: nobody has validated them. */
// oxlint-disable-next-line typescript/no-explicit-any -- a transformation is plain JavaScript
export type Fields = Record<string, any>;

/** An event as it came. It may be changed and returned, and may lack every one of these. */
export interface RudderEvent extends Fields {
  type?: 'track' | 'identify' | 'page' | 'screen' | 'group' | 'alias';
  /** The name of a track event. */
  event?: string;
  messageId?: string;
  userId?: string;
  anonymousId?: string;
  channel?: string;
  properties?: Fields;
  /** Of identify and group calls; SDKs put those of the user into `context.traits`. */
  traits?: Fields;
  context?: Fields & { traits?: Fields };
  integrations?: Fields;
  timestamp?: string;
  originalTimestamp?: string;
}

/** What is known of an event. What is not known here is undefined; RudderStack's other fields always are. */
export interface Metadata {
  readonly messageId?: string;
  readonly rudderId?: string;
  readonly sourceId?: string;
  readonly sourceName?: string;
  readonly sourceType?: string;
  readonly destinationId?: string;
  readonly destinationName?: string;
  readonly destinationType: 'HEAP';
  readonly receivedAt?: string;
  readonly eventName?: string;
  readonly eventType?: string;
  readonly mode: 'cloudMode';
}

export type GetMetadata = (event?: RudderEvent) => Metadata;

/** An event, several, or nothing: then the event is dropped. */
export type Returned = RudderEvent | RudderEvent[] | null | undefined | void;

declare global {
  /** Writes a line where a transformation is tried: `npm run test:transformation`. In the function it does nothing. */
  function log(...values: unknown[]): void;
}

import type { JsonObject } from '../json.ts';

/**
 * One RudderStack event as it stands on the wire. Nothing about it is certain but that it is an object: the fields below
 * are those that this project reads, and each reader checks the value that it finds.
 *
 * @see https://www.rudderstack.com/docs/event-spec/standard-events/common-fields/
 */
export interface RudderStackEvent extends JsonObject {
  readonly type?: unknown;
  readonly messageId?: unknown;
  readonly userId?: unknown;
  readonly anonymousId?: unknown;
  readonly channel?: unknown;
  readonly context?: unknown;
  readonly integrations?: unknown;
  readonly timestamp?: unknown;
  readonly originalTimestamp?: unknown;
  readonly event?: unknown;
  readonly properties?: unknown;
  readonly traits?: unknown;
}

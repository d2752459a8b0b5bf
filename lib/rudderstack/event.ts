import type { JsonObject } from '../json.ts';

/**
 * One RudderStack event, unvalidated. It is only known to be an object. The fields below are those that this project reads;
 * each reader has to check the value.
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
  readonly name?: unknown;
  readonly groupId?: unknown;
  readonly properties?: unknown;
  readonly traits?: unknown;
}

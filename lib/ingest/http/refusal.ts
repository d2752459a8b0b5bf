/**
 * Why a request is not taken. The texts are RudderStack's own wherever it has one: SDKs look for some of them.
 *
 * @see https://www.rudderstack.com/docs/api/http-api/
 */
const REFUSALS = {
  no_body: { status: 400, text: 'request body is nil' },
  bad_encoding: { status: 400, text: 'failed to read body from request' },
  not_json: { status: 400, text: 'invalid json' },
  too_deep: { status: 400, text: 'invalid json' },
  empty_batch: { status: 400, text: 'empty batch payload' },
  no_event: { status: 400, text: 'event is not a valid rudder event' },
  missing_identity: { status: 400, text: 'request neither has anonymousId nor userId' },
  no_write_key_in_header: { status: 401, text: 'failed to read writekey from header' },
  no_write_key_in_query: { status: 401, text: 'failed to read writekey from query params' },
  invalid_write_key: { status: 401, text: 'invalid write key' },
  invalid_webhook_secret: { status: 401, text: 'invalid webhook secret' },
  source_disabled: { status: 404, text: 'source is disabled' },
  unknown_path: { status: 404, text: '404 page not found' },
  wrong_method: { status: 405, text: 'method not allowed' },
  request_too_large: { status: 413, text: 'request size exceeds max limit' },
  too_many_events: { status: 413, text: 'request size exceeds max limit' },
  event_too_large: { status: 413, text: 'request size exceeds max limit' },
  internal_error: { status: 500, text: 'internal server error' },
  keys_unavailable: { status: 503, text: 'service unavailable' },
  mangled_gzip: { status: 503, text: 'service unavailable' },
  queue_unavailable: { status: 503, text: 'service unavailable' },
} as const;

export type RefusalReason = keyof typeof REFUSALS;

export interface Refusal {
  readonly kind: 'refused';
  readonly reason: RefusalReason;
  /** Which part of the request it is, for its sender; a line of its own below RudderStack's text. */
  readonly detail?: string;
}

export function refuse(reason: RefusalReason, detail?: string): Refusal {
  return detail === undefined ? { kind: 'refused', reason } : { kind: 'refused', reason, detail };
}

/** HTTP status of a refusal. From 500 on the SDKs send again; below, all but 429 is final for them. */
export function statusOf({ reason }: Refusal): number {
  return REFUSALS[reason].status;
}

/** Body of a refusal: RudderStack's text, and on a second line what it is about. */
export function textOf({ reason, detail }: Refusal): string {
  return `${REFUSALS[reason].text}\n${detail === undefined ? '' : `${detail}\n`}`;
}

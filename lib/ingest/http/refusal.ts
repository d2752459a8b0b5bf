/**
 * Why a request is refused. The texts are those of RudderStack's gateway where it has one, since SDKs check for some of
 * them.
 *
 * @see https://www.rudderstack.com/docs/api/http-api/
 */
export const REFUSALS = {
  no_body: { status: 400, text: 'request body is nil' },
  bad_encoding: { status: 400, text: 'failed to read body from request' },
  not_json: { status: 400, text: 'invalid json' },
  too_deep: { status: 400, text: 'invalid json' },
  empty_batch: { status: 400, text: 'empty batch payload' },
  no_event: { status: 400, text: 'event is not a valid rudder event' },
  missing_identity: { status: 400, text: 'request neither has anonymousId nor userId' },
  forbidden_key: { status: 400, text: 'event is not a valid rudder event' },
  unknown_source: { status: 400, text: 'invalid write key' },
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
  unsupported_encoding: { status: 415, text: 'unsupported content encoding' },
  internal_error: { status: 500, text: 'internal server error' },
  key_undecided: { status: 503, text: 'service unavailable' },
  keys_unavailable: { status: 503, text: 'service unavailable' },
  mangled_gzip: { status: 503, text: 'service unavailable' },
  queue_unavailable: { status: 503, text: 'service unavailable' },
} as const;

export type RefusalReason = keyof typeof REFUSALS;

/** The request is refused, and none of its events is in the queue, as far as is known. */
export interface Refusal {
  readonly kind: 'refused';
  readonly reason: RefusalReason;
  /** What is wrong with the request, for its sender. Sent on a second line, below RudderStack's text. */
  readonly detail?: string;
  /** In how many seconds the sender may try again, for the header `Retry-After`. */
  readonly retryAfterSeconds?: number;
}

/** Creates a refusal. */
export function refuse(reason: RefusalReason, detail?: string): Refusal {
  return detail === undefined ? { kind: 'refused', reason } : { kind: 'refused', reason, detail };
}

/** Creates a refusal that ends by itself, after `ms` milliseconds. The sender is told at least one second. */
export function refuseForNow(reason: RefusalReason, ms: number): Refusal {
  return { kind: 'refused', reason, retryAfterSeconds: Math.max(1, Math.ceil(ms / 1000)) };
}

/**
 * How long a sender waits while SQS does not take its events, in seconds. The SDKs for Node, PHP, Ruby and Rust obey it; without it
 * the first of them deletes its events after four attempts in 1.4 seconds. PHP waits in its program's own request, so it is short.
 */
const QUEUE_RETRY_SECONDS = 3;

/** Returns the headers that a refusal has in addition to those of every answer. */
export function headersOf({ reason, retryAfterSeconds }: Refusal): Readonly<Record<string, string>> {
  const seconds = reason === 'queue_unavailable' ? QUEUE_RETRY_SECONDS : retryAfterSeconds;
  return seconds === undefined ? {} : { 'retry-after': String(seconds) };
}

/** Returns the HTTP status of a refusal. SDKs retry after a 5xx or a 429. Any other 4xx is final for them. */
export function statusOf({ reason }: Refusal): number {
  return REFUSALS[reason].status;
}

/** Returns the body of a refusal: RudderStack's text, and the detail on a second line. */
export function textOf({ reason, detail }: Refusal): string {
  return `${REFUSALS[reason].text}\n${detail === undefined ? '' : `${detail}\n`}`;
}

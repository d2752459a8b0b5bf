/** Why an event is not sent: the owner's settings exclude it, or RudderStack's Heap destination does not support it. */
export type FilterReason =
  /** The event's `integrations` object excludes Heap. */
  | 'integrations'
  /** A call other than identify and track, which Heap's API does not support. */
  | 'unsupported_type'
  | 'event_blacklisted'
  | 'event_not_whitelisted'
  | 'consent'
  /** The web SDK has already sent it to Heap from the browser. */
  | 'device_mode'
  /** An identify or group call without traits to set. */
  | 'no_traits'
  /** An event of somebody who is not known. The owner does not want such events. */
  | 'anonymous'
  /** The owner's transformation has returned nothing. */
  | 'dropped_by_transformation';

/** Why an event can never be delivered. These codes are the `reason` attribute of a dead letter. */
export type RejectReason =
  | 'not_json'
  | 'no_event'
  | 'missing_type'
  | 'unknown_type'
  | 'missing_event'
  | 'missing_identity'
  | 'identity_too_long'
  | 'missing_group'
  | 'missing_app_id'
  | 'too_deep'
  | 'forbidden_key'
  | 'too_large'
  /** The owner's transformation has thrown an error, or returned what is no event. */
  | 'transformation_failed'
  | 'heap_refused'
  | 'retries_exhausted'
  | StrangerReason;

/** The message is known to be something else than an event. */
type StrangerReason =
  /** SNS asks to confirm a subscription. */
  | 'subscription_confirmation'
  /** S3 tells of an object, or tries whether it can tell. */
  | 's3_notification'
  /** A pointer to a body in S3, of a client library for large messages. */
  | 'payload_in_s3';

/** Why an event is deferred: it stays in the queue and is attempted again later. */
export type DeferReason =
  | 'heap_throttled'
  | 'heap_error'
  | 'heap_redirected'
  /** A 4xx that is about the request, the path or the account, such as 401, 403 or 404. */
  | 'heap_client_error'
  | 'heap_unreachable'
  | 'heap_timeout'
  | 'circuit_open'
  /** The invocation ended before the event could be sent, or before Heap's timeout had passed. */
  | 'out_of_time'
  /** Heap has refused a request, but it is not known that one of its entries is the cause. */
  | 'undecided'
  | 'paced_app'
  | 'paced_identity'
  /** An earlier record of its FIFO message group is deferred. */
  | 'fifo_order'
  /** The record is large, and other records have used up what one invocation may take. */
  | 'no_room'
  | 'dead_letter_failed'
  | 'dead_letter_too_large'
  /** An unexpected error in this function. */
  | 'internal_error';

/** The event is not sent, on purpose. */
export interface Filtered {
  readonly kind: 'filtered';
  readonly reason: FilterReason;
}

/** The event can never be delivered. It becomes a dead letter. */
export interface Rejected {
  readonly kind: 'rejected';
  readonly reason: RejectReason;
  /** An explanation for people. It may quote the event, so it goes to the dead-letter queue and never into a log. */
  readonly detail: string;
  /** Heap's HTTP status, if Heap answered. */
  readonly heapStatus?: number;
}

/** What was found out about an event, for the next time that the same container sends it. */
export interface Findings {
  /** The size of the request, in entries, that the event should be sent in, because larger ones were refused. */
  readonly mostEntries?: number | undefined;
  /** How many calls an entry of its user or account may merge, because one of more calls was refused. */
  readonly mostCalls?: number | undefined;
  /** When Heap first refused the event alone, counted in answers that the container has received. */
  readonly refusedAloneAt?: number | undefined;
}

/** What was found out about one of the calls of an event. */
export interface FindingsOfCall extends Findings {
  /** Set if it is known: the call is not sent again. */
  readonly outcome?: Delivered | Rejected;
}

/** The same about the calls of an event: most make one. */
export interface FindingsOfCalls extends Findings {
  /** About each of them, in their order, if there are several. */
  readonly calls?: readonly FindingsOfCall[] | undefined;
}

/** The event stays in the queue. */
export interface Deferred extends FindingsOfCalls {
  readonly kind: 'deferred';
  readonly reason: DeferReason;
  readonly detail: string;
  readonly heapStatus?: number;
  /** The shortest time to wait, in ms, if Heap's `Retry-After`, the rate limiter or the circuit gives one. */
  readonly retryAfterMs?: number;
  /** Heap answers, but the invocation ended before it was known whether the event is one of those that Heap refuses. */
  readonly isBeingBisected?: boolean;
}

/** Heap has accepted the event. */
export interface Delivered {
  readonly kind: 'delivered';
}

/** What one invocation did with an event. Every event has exactly one outcome. */
export type Outcome = Delivered | Filtered | Rejected | Deferred;

/** Makes a rejection. */
export function rejected(reason: RejectReason, detail: string, heapStatus?: number): Rejected {
  return { kind: 'rejected', reason, detail, ...(heapStatus === undefined ? {} : { heapStatus }) };
}

/** Makes a deferral. */
export function deferred(
  reason: DeferReason,
  detail: string,
  more: Pick<Deferred, 'heapStatus' | 'retryAfterMs' | keyof Findings> = {},
): Deferred {
  return { kind: 'deferred', reason, detail, ...more };
}

/** Reasons that are not failures: a rate limit, the end or the size of the invocation, or the order of a FIFO queue. */
const WAITING_FOR_A_TURN: ReadonlySet<DeferReason> = new Set([
  'paced_app',
  'paced_identity',
  'fifo_order',
  'no_room',
  'out_of_time',
]);

/** Whether a deferral is a failed attempt, rather than an event that had no time or no room. */
export function isFailure({ reason }: Deferred): boolean {
  return !WAITING_FOR_A_TURN.has(reason);
}

/**
 * Whether a record with this deferral backs off, and is given up when its retry time is over. A failed attempt does. So does an
 * event that the invocation had no time for: otherwise events that a Heap without answers never gets to would come back every
 * second, for ever.
 */
export function backsOff(deferral: Deferred): boolean {
  return isFailure(deferral) || deferral.reason === 'out_of_time';
}

/** Makes a filtered outcome. */
export function filtered(reason: FilterReason): Filtered {
  return { kind: 'filtered', reason };
}

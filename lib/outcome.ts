/** Why an event is left out by the owner's own settings or by what RudderStack's Heap destination does not take. */
export type FilterReason =
  /** The event's `integrations` object excludes Heap. */
  | 'integrations'
  /** A call other than identify and track: Heap has no counterpart for it. */
  | 'unsupported_type'
  | 'event_blacklisted'
  | 'event_not_whitelisted'
  | 'consent'
  /** The Web SDK has already sent it to Heap from the browser. */
  | 'device_mode'
  /** An identify that has nothing to set. */
  | 'no_traits';

/** Why an event can never be delivered as it is. These codes are the `reason` attribute of a dead letter. */
export type RejectReason =
  | 'not_json'
  | 'no_event'
  | 'missing_type'
  | 'unknown_type'
  | 'missing_event'
  | 'missing_identity'
  | 'identity_too_long'
  | 'missing_app_id'
  | 'too_deep'
  | 'forbidden_key'
  | 'too_large'
  | 'heap_refused'
  | 'retries_exhausted';

/** Why an event has to wait and be tried again. */
export type DeferReason =
  | 'heap_throttled'
  | 'heap_error'
  | 'heap_redirected'
  | 'heap_unreachable'
  | 'heap_timeout'
  | 'circuit_open'
  /** The invocation has ended before it could be sent, or before Heap had its time to answer. */
  | 'out_of_time'
  /** Heap refuses every entry, or the bound on extra requests is reached: what is undecided is not guessed. */
  | 'undecided'
  | 'paced_app'
  | 'paced_identity'
  /** An earlier record of its FIFO message group is deferred. */
  | 'fifo_order'
  | 'dead_letter_failed'
  | 'dead_letter_too_large'
  /** Something in this function failed that nobody foresaw. */
  | 'internal_error';

export interface Filtered {
  readonly kind: 'filtered';
  readonly reason: FilterReason;
}

export interface Rejected {
  readonly kind: 'rejected';
  readonly reason: RejectReason;
  /** A sentence for a person; it may quote the event, so it goes to the dead-letter queue and never into a log. */
  readonly detail: string;
  /** Heap's HTTP status, where Heap has answered. */
  readonly heapStatus?: number;
}

export interface Deferred {
  readonly kind: 'deferred';
  readonly reason: DeferReason;
  readonly detail: string;
  readonly heapStatus?: number;
  /** How long to wait at least, in ms, where somebody has said so: Heap's `Retry-After` or the pacing. */
  readonly retryAfterMs?: number;
}

export interface Delivered {
  readonly kind: 'delivered';
}

/** Where one event ends up after one invocation. Every event has exactly one. */
export type Outcome = Delivered | Filtered | Rejected | Deferred;

/** Makes a rejection. */
export function rejected(reason: RejectReason, detail: string, heapStatus?: number): Rejected {
  return { kind: 'rejected', reason, detail, ...(heapStatus === undefined ? {} : { heapStatus }) };
}

/** Makes a deferral. */
export function deferred(
  reason: DeferReason,
  detail: string,
  more: Pick<Deferred, 'heapStatus' | 'retryAfterMs'> = {},
): Deferred {
  return { kind: 'deferred', reason, detail, ...more };
}

/** Reasons to wait that are nobody's fault: there was no room, no time, or an earlier event goes first. */
const WAITING_FOR_A_TURN: ReadonlySet<DeferReason> = new Set([
  'paced_app',
  'paced_identity',
  'fifo_order',
  'out_of_time',
]);

/** Whether a deferral counts as a failed attempt. An event that only waits for its turn is never given up for it. */
export function isFailure({ reason }: Deferred): boolean {
  return !WAITING_FOR_A_TURN.has(reason);
}

/** Makes a filtered outcome. */
export function filtered(reason: FilterReason): Filtered {
  return { kind: 'filtered', reason };
}

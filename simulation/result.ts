/** What one system has done in one scenario. Times are in seconds. */
export interface Result {
  readonly scenario: string;
  readonly system: string;
  readonly seed: number;
  /** The commit of the code that ran. */
  readonly commit: string;
  readonly events: number;
  /** How many of them were sent in addition to those of a usual day. */
  readonly extraEvents: number;
  /** How many of them Heap refuses. All other figures of events are about the good ones. */
  readonly badEvents: number;
  /** Given up, and not in Heap: dead-lettered, aborted or deleted by SQS. */
  readonly lost: number;
  /** Given up, though Heap has stored it. */
  readonly givenUpThoughStored: number;
  /** Neither in Heap nor given up at the end of the run. */
  readonly left: number;
  /** Stored more than once. Without an idempotency key Heap counts such an event more than once. */
  readonly twice: number;
  /** From sending to storing, of the events that were stored. */
  readonly p50: number;
  readonly p99: number;
  readonly longest: number;
  readonly requests: number;
  /** Requests that exceeded one of Heap's rate limits. */
  readonly overLimits: number;
  readonly gbSeconds: number;
  readonly invocations: number;
  readonly receives: number;
  readonly mostInFlight: number;
  /** How often each reason for a deferral or a dead letter was given. */
  readonly reasons: Readonly<Record<string, number>>;
  readonly curve: Curve;
}

/** How many events have been sent and stored by the end of each step, since the start of the run. */
export interface Curve {
  readonly stepMinutes: number;
  readonly sent: readonly number[];
  readonly stored: readonly number[];
}

/** What a system has used. */
export interface Usage {
  readonly gbSeconds: number;
  readonly invocations: number;
  readonly receives: number;
  readonly mostInFlight: number;
  readonly reasons: ReadonlyMap<string, number>;
}

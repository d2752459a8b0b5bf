import type { Attempt } from '../heap/client.ts';

/** Failures that the function recovers from without losing an event. */
export type ProblemCode = 'dead_letter_send_failed' | 'visibility_change_failed' | 'internal_error';

/** Callbacks for telemetry. */
export interface Listener {
  /** Called after every HTTP request to Heap. */
  readonly onAttempt: (attempt: Attempt) => void;
  /** Called with the number of track events that were not sent because the same event is in the batch. */
  readonly onMerged: (events: number) => void;
  /** Called after a failure that the function recovers from. */
  readonly onProblem: (code: ProblemCode, error: unknown) => void;
}

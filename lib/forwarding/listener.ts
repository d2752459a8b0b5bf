import type { Attempt } from '../heap/client.ts';

/** What can fail without anything being lost. */
export type ProblemCode = 'dead_letter_send_failed' | 'visibility_change_failed' | 'internal_error';

/** Told of what happens on the way. */
export interface Listener {
  /** An HTTP request to Heap has ended. */
  readonly onAttempt: (attempt: Attempt) => void;
  /** Something has failed, and the function has coped with it. */
  readonly onProblem: (code: ProblemCode, error: unknown) => void;
}

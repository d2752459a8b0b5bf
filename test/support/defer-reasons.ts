import type { DeferReason } from '../../lib/outcome.ts';

/** Every reason for a deferral, and whether it counts as a failure. */
export const FAILURES = {
  heap_throttled: true,
  heap_error: true,
  heap_redirected: true,
  heap_client_error: true,
  heap_unreachable: true,
  heap_timeout: true,
  circuit_open: true,
  undecided: true,
  dead_letter_failed: true,
  dead_letter_too_large: true,
  internal_error: true,
  out_of_time: false,
  paced_app: false,
  paced_identity: false,
  fifo_order: false,
  no_room: false,
} as const satisfies Record<DeferReason, boolean>;

export function isDeferReason(name: string): name is DeferReason {
  return name in FAILURES;
}

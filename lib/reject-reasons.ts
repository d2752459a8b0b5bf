import type { RejectReason } from './outcome.ts';

/** Every `RejectReason`. */
export const REJECT_REASONS = {
  not_json: true,
  no_event: true,
  missing_type: true,
  unknown_type: true,
  missing_event: true,
  missing_identity: true,
  identity_too_long: true,
  missing_group: true,
  missing_app_id: true,
  too_deep: true,
  forbidden_key: true,
  too_large: true,
  transformation_failed: true,
  heap_refused: true,
  retries_exhausted: true,
  subscription_confirmation: true,
  s3_notification: true,
  payload_in_s3: true,
} as const satisfies Record<RejectReason, true>;

/** Whether a text is one of the reasons for a rejection. */
export function isRejectReason(text: string): text is RejectReason {
  return Object.hasOwn(REJECT_REASONS, text);
}

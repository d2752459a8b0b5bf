import type { DeadLetter } from './read-dead-letter.ts';

/** Which dead letters to select. A missing field selects all. */
export interface Selection {
  readonly reason?: string;
  /** Failed at this time or later, in ms since 1970. */
  readonly since?: number;
  /** Failed before this time, in ms since 1970. */
  readonly before?: number;
  readonly event?: string;
  /** SQS's message id, or the event's `messageId`. */
  readonly id?: string;
}

/** Whether a dead letter matches all fields of the selection. */
export function isSelected(deadLetter: DeadLetter, { reason, since, before, event, id }: Selection): boolean {
  return (
    (reason === undefined || deadLetter.reason === reason) &&
    (since === undefined || deadLetter.failedAt >= since) &&
    (before === undefined || deadLetter.failedAt < before) &&
    (event === undefined || deadLetter.event === event) &&
    (id === undefined || deadLetter.id === id || deadLetter.eventMessageId === id)
  );
}

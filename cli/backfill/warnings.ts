import type { LeftOut } from '../history/read-item.ts';

/** Why identify calls of the past are not harmless. */
export const OVERWRITES = 'they replace today’s user properties with old ones: --skip identify leaves them out';

/** Why the events of rows may count twice. */
export const OTHER_KEYS =
  'their idempotency keys differ from those of live events: what is in Heap already counts twice, unless --before TIME ends where the live events begin, or the setting idempotencyKey is "messageId"';

/** What happens to calls that are neither identify nor track. */
export const OTHER_CALLS =
  'page, screen, group and alias are filtered by the function, unless its settings send them: --skip page leaves pages out here';

/** What the caller leaves out. */
export const LEFT_OUT: Readonly<Record<LeftOut, string>> = {
  skipped: 'events by --skip',
  not_before: 'events by --before',
};

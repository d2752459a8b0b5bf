import type { Unseen, Visited } from './visit.ts';

/** What of a queue was not seen, for scripts. Times are in ISO 8601. */
export interface Completeness {
  /** Whether every message of the queue was seen. */
  readonly isComplete: boolean;
  readonly isInterrupted: boolean;
  readonly unseen?: Omit<Unseen, 'visibleAgainBy'> & { readonly visibleAgainBy: string };
}

/** Says for scripts whether a whole queue was visited. */
export function toCompleteness(visited: Visited): Completeness {
  const common = { isComplete: visited.kind === 'complete', isInterrupted: visited.kind === 'interrupted' };
  if (visited.kind !== 'incomplete') return common;
  const { visibleAgainBy, ...counts } = visited.unseen;
  return { ...common, unseen: { ...counts, visibleAgainBy: new Date(visibleAgainBy).toISOString() } };
}

/**
 * Says in sentences what of a queue was not seen.
 *
 * @returns an empty text if all of it was
 */
export function describeUnseen({ isInterrupted, unseen }: Completeness): string {
  if (isInterrupted) return 'Interrupted: this is not all.';
  if (unseen === undefined) return '';
  const { count, heldByOthers, delayed, notDelivered, visibleAgainBy } = unseen;
  const parts = [
    heldByOthers > 0
      ? `${heldByOthers} are held by another reader, such as a second heapq or one that has crashed: if it has ended, they are visible again by ${visibleAgainBy} at the latest.`
      : '',
    delayed > 0 ? `${delayed} are delayed by the queue.` : '',
    notDelivered > 0
      ? `${notDelivered} are counted and were not delivered. On a FIFO queue they stand behind others of their message group, and come when those are deleted.`
      : '',
  ];
  return [`This is not all: ${count} more dead letters could not be seen.`, ...parts]
    .filter((one) => one !== '')
    .join('\n');
}

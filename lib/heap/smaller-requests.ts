import type { Findings } from '../outcome.ts';
import type { Moment } from './acceptances.ts';
import { isSingle, type BulkRequest } from './bulk.ts';

/** Whether no entry of a request needs a smaller one. */
export function isOfFullSize({ entries }: BulkRequest): boolean {
  return entries[0]?.mostEntries === Infinity;
}

/** The size of the next request of entries that were refused together, in entries. */
export function halfOf({ entries }: BulkRequest): number {
  return Math.ceil(entries.length / 2);
}

/**
 * How the entries of a piece should be sent the next time, and what is known of a single one.
 *
 * @param refusedAt when they were refused together; undefined if that was only as a part of a larger request
 */
export function findingsOf(request: BulkRequest, refusedAt?: Moment): Findings {
  const { kind, entries } = request;
  const half = (count: number): number => (refusedAt === undefined ? count : Math.ceil(count / 2));
  const [only] = entries;
  const mostCalls = kind === 'track' || only === undefined || entries.length > 1 ? undefined : half(only.calls.length);
  return { mostEntries: half(entries.length), mostCalls, refusedAloneAt: isSingle(request) ? refusedAt : undefined };
}

/**
 * Entries that needed a smaller request still need it the next time, if nothing was decided.
 *
 * @param growth how many times as large it may be
 */
export function keepSize({ entries }: Pick<BulkRequest, 'entries'>, growth = 1): { readonly mostEntries?: number } {
  const mostEntries = (entries[0]?.mostEntries ?? Infinity) * growth;
  return mostEntries === Infinity ? {} : { mostEntries };
}

/**
 * Sorts requests so that those that had to become smaller delay nothing. Those of one entry begin with the entries that were
 * not refused the last time. Otherwise a good one would wait for ever behind bad ones, because only a few are sent while
 * everything is refused.
 *
 * @param refusedInARow how many entries of the app were refused alone since its last acceptance
 */
export function largestFirst(requests: readonly BulkRequest[], refusedInARow: number): readonly BulkRequest[] {
  const sorted = requests.toSorted((a, b) => {
    const [ofA, ofB] = [mostEntriesOf(a), mostEntriesOf(b)];
    return ofA === ofB ? 0 : ofA > ofB ? -1 : 1;
  });
  const alone = sorted.filter((request) => mostEntriesOf(request) === 1);
  const start = refusedInARow % Math.max(1, alone.length);
  return [...sorted.slice(0, sorted.length - alone.length), ...alone.slice(start), ...alone.slice(0, start)];
}

function mostEntriesOf({ entries }: BulkRequest): number {
  return entries[0]?.mostEntries ?? 0;
}

import type { Connection } from '../connection.ts';
import { table } from '../table.ts';
import type { DeadLetter } from './read-dead-letter.ts';
import { isSelected, type Selection } from './selection.ts';
import { visitDeadLetters, type VisitOptions } from './visit.ts';

/** The dead letters with one reason. Times are in ISO 8601. */
export interface ReasonSummary {
  readonly reason: string;
  readonly count: number;
  readonly oldest: string;
  readonly newest: string;
}

/** A summary of the dead letters. */
export interface DeadLetterList {
  readonly count: number;
  /** The most frequent reason first. */
  readonly reasons: readonly ReasonSummary[];
  /** The newest dead letter first. */
  readonly examples: readonly Example[];
}

type Example = Pick<DeadLetter, 'id' | 'reason' | 'detail' | 'event' | 'eventMessageId' | 'redrives' | 'piece'> & {
  readonly failedAt: string;
};

/**
 * Counts the dead letters by reason. Removes nothing.
 *
 * @param limit the maximum number of examples
 */
export async function listDeadLetters(
  { client, deadLetterQueueUrl }: Connection,
  selection: Selection,
  limit: number,
  options: VisitOptions,
): Promise<DeadLetterList> {
  const reasons = new Map<string, { count: number; oldest: number; newest: number }>();
  let newest: DeadLetter[] = [];
  await visitDeadLetters(client, deadLetterQueueUrl, options, (deadLetters) => {
    const selected = deadLetters.filter((one) => isSelected(one, selection));
    for (const { reason, failedAt } of selected) {
      const known = reasons.get(reason) ?? { count: 0, oldest: failedAt, newest: failedAt };
      reasons.set(reason, {
        count: known.count + 1,
        oldest: Math.min(known.oldest, failedAt),
        newest: Math.max(known.newest, failedAt),
      });
    }
    newest = [...newest, ...selected].toSorted((a, b) => b.failedAt - a.failedAt).slice(0, limit);
    return new Set();
  });
  const summaries = [...reasons]
    .map(([reason, one]) => ({ reason, count: one.count, oldest: iso(one.oldest), newest: iso(one.newest) }))
    .toSorted((a, b) => b.count - a.count);
  return {
    count: summaries.reduce((sum, { count }) => sum + count, 0),
    reasons: summaries,
    examples: newest.map(toExample),
  };
}

function toExample({ id, reason, detail, event, eventMessageId, redrives, piece, failedAt }: DeadLetter): Example {
  return { id, reason, detail, event, eventMessageId, redrives, piece, failedAt: iso(failedAt) };
}

/** Formats the list as two tables. */
export function describeList({ count, reasons, examples }: DeadLetterList): string {
  if (count === 0) return 'No dead letters.';
  return [
    table(
      ['reason', 'count', 'oldest', 'newest'],
      reasons.map(({ reason, count: ofReason, oldest, newest }) => [reason, String(ofReason), oldest, newest]),
    ),
    table(
      ['id', 'event', 'failed at', 'why'],
      examples.map((example) => [example.id, short(example.event, 30), example.failedAt, short(why(example), 90)]),
    ),
    `${count} dead letters. To see one of them: heapq dead-letters show ID`,
  ].join('\n\n');
}

function why({ reason, detail, redrives, piece }: Example): string {
  const part = piece === undefined ? '' : ` (piece ${piece.number} of ${piece.of})`;
  const again = redrives > 0 ? `, redriven ${redrives} ×` : '';
  return `${reason}${part}${again}${detail === '' ? '' : `: ${detail}`}`;
}

function short(text: string, length: number): string {
  const line = text.replaceAll(/\s+/g, ' ');
  return line.length > length ? `${line.slice(0, length - 1)}…` : line;
}

function iso(ms: number): string {
  return new Date(ms).toISOString();
}

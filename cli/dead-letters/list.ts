import type { Connection } from '../connection.ts';
import type { Hint } from '../hint.ts';
import { cut, table } from '../table.ts';
import type { DeadLetter } from './read-dead-letter.ts';
import { isSelected, type Selection } from './selection.ts';
import { describeUnseen, toCompleteness, type Completeness } from './unseen.ts';
import { visitDeadLetters, type VisitOptions } from './visit.ts';

/** The dead letters with one reason. Times are in ISO 8601. */
export interface ReasonSummary {
  readonly reason: string;
  readonly count: number;
  readonly oldest: string;
  readonly newest: string;
}

/** A summary of the dead letters. */
export interface DeadLetterList extends Completeness {
  /** The selected ones among those that were seen. */
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
  const visited = await visitDeadLetters(client, deadLetterQueueUrl, options, (deadLetters) => {
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
    ...toCompleteness(visited),
  };
}

function toExample({ id, reason, detail, event, eventMessageId, redrives, piece, failedAt }: DeadLetter): Example {
  return { id, reason, detail, event, eventMessageId, redrives, piece, failedAt: iso(failedAt) };
}

/**
 * Formats the list as two tables.
 *
 * @param hint makes the commands that it names
 * @param width the columns of the terminal; no limit by default
 */
export function describeList(list: DeadLetterList, hint: Hint, width?: number): string {
  const { count, reasons, examples } = list;
  const unseen = describeUnseen(list);
  const [first] = examples;
  const parts =
    first === undefined
      ? [unseen === '' ? 'No dead letters.' : 'No dead letters were seen.']
      : [
          table(
            ['reason', 'count', 'oldest', 'newest'],
            reasons.map(({ reason, count: ofReason, oldest, newest }) => [reason, String(ofReason), oldest, newest]),
            width,
          ),
          table(
            ['id', 'event', 'failed at', 'why'],
            examples.map((one) => [one.id, short(one.event, 30), one.failedAt, short(why(one), 90)]),
            width,
          ),
          `${count} dead letters. To see the newest one in full:\n  ${hint('dead-letters', 'show', first.id)}`,
        ];
  return [...parts, unseen].filter((part) => part !== '').join('\n\n');
}

function why({ reason, detail, redrives, piece }: Example): string {
  const part = piece === undefined ? '' : ` (piece ${piece.number} of ${piece.of})`;
  const again = redrives > 0 ? `, redriven ${redrives} ×` : '';
  return `${reason}${part}${again}${detail === '' ? '' : `: ${detail}`}`;
}

function short(text: string, length: number): string {
  return cut(text.replaceAll(/\s+/g, ' '), length);
}

function iso(ms: number): string {
  return new Date(ms).toISOString();
}

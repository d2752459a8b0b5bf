import type { Connection } from '../connection.ts';
import { isSelected, type DeadLetter, type Selection } from './dead-letter.ts';
import { visitLetters, type Visiting } from './visit.ts';

export interface ReasonSummary {
  readonly reason: string;
  readonly count: number;
  /** ISO 8601. */
  readonly oldest: string;
  readonly newest: string;
}

export interface LetterList {
  readonly count: number;
  /** The most frequent first. */
  readonly reasons: readonly ReasonSummary[];
  /** The newest first. */
  readonly examples: readonly Example[];
}

type Example = Pick<DeadLetter, 'id' | 'reason' | 'detail' | 'event' | 'eventMessageId' | 'redrives'> & {
  readonly failedAt: string;
};

/**
 * Counts the letters by reason. It takes none away.
 *
 * @param limit examples at most
 */
export async function listLetters(
  { client, deadLetterQueueUrl }: Connection,
  selection: Selection,
  limit: number,
  visiting: Visiting,
): Promise<LetterList> {
  const reasons = new Map<string, { count: number; oldest: number; newest: number }>();
  let newest: DeadLetter[] = [];
  await visitLetters(client, deadLetterQueueUrl, visiting, (letters) => {
    const selected = letters.filter((letter) => isSelected(letter, selection));
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
    examples: newest.map(({ id, reason, detail, event, eventMessageId, redrives, failedAt }) => ({
      id,
      reason,
      detail,
      event,
      eventMessageId,
      redrives,
      failedAt: iso(failedAt),
    })),
  };
}

/** Two tables for a person. */
export function describeList({ count, reasons, examples }: LetterList): string {
  if (count === 0) return 'No dead letters.';
  return [
    table(
      ['reason', 'count', 'oldest', 'newest'],
      reasons.map(({ reason, count: ofReason, oldest, newest }) => [reason, String(ofReason), oldest, newest]),
    ),
    table(
      ['id', 'event', 'failed at', 'why'],
      examples.map(({ id, event, failedAt, reason, detail, redrives }) => [
        id,
        short(event, 30),
        failedAt,
        short(`${reason}${redrives > 0 ? `, sent again ${redrives} ×` : ''}${detail === '' ? '' : `: ${detail}`}`, 90),
      ]),
    ),
    `${count} letters. One of them: dead-letters show ID`,
  ].join('\n\n');
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = head.map((title, column) => Math.max(title.length, ...rows.map((row) => row[column]?.length ?? 0)));
  return [head, ...rows]
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

function short(text: string, length: number): string {
  const line = text.replaceAll(/\s+/g, ' ');
  return line.length > length ? `${line.slice(0, length - 1)}…` : line;
}

function iso(ms: number): string {
  return new Date(ms).toISOString();
}

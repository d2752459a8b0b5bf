import { countMessages } from '../../lib/sqs/count-messages.ts';
import { CallerError } from '../caller-error.ts';
import type { Connection } from '../connection.ts';
import { isYes, requireTerminal } from '../terminal-question.ts';
import type { Selection } from './selection.ts';

/** Which dead letters a redrive is about, as the caller says it. */
interface Scope {
  readonly all: boolean;
  readonly dryRun: boolean;
}

/**
 * Requires that a redrive says which dead letters it is about. A dry run need not, because it sends nothing.
 *
 * @throws CallerError without a filter and `--all`, or with both
 */
export function requireSelection(selection: Selection, { all, dryRun }: Scope): void {
  const filters = filtersOf(selection);
  if (all && filters.length > 0)
    throw new CallerError(`--all and ${filters[0]?.[0]} exclude each other: leave out one`);
  if (!all && !dryRun && filters.length === 0) {
    throw new CallerError(
      'redrive needs to know which dead letters: use --reason, --event, --since, --before or --id, or --all. --dry-run shows what would be sent.',
    );
  }
}

/**
 * Asks the person at the terminal whether the selected dead letters are to be sent.
 *
 * @throws CallerError if standard input or standard error is no terminal
 */
export async function isConfirmed(
  { client, queueUrl, deadLetterQueueUrl }: Connection,
  selection: Selection,
): Promise<boolean> {
  requireTerminal('redrive asks before it sends, and this is no terminal: add --yes, or --dry-run to send nothing');
  const count = await countMessages(client, deadLetterQueueUrl);
  const filters = filtersOf(selection).map(([option, value]) => `${option} ${value}`);
  const which =
    filters.length === 0 ? `all ${count} dead letters` : `those of ${count} dead letters with ${filters.join(' ')}`;
  return await isYes(`Send ${which} back to ${queueUrl}?`);
}

function filtersOf({ reason, event, since, before, id }: Selection): readonly (readonly [string, string])[] {
  const filters: readonly (readonly [string, string | undefined])[] = [
    ['--reason', reason],
    ['--event', event],
    ['--since', isoOf(since)],
    ['--before', isoOf(before)],
    ['--id', id],
  ];
  return filters.flatMap(([option, value]) => (value === undefined ? [] : [[option, value] as const]));
}

function isoOf(ms: number | undefined): string | undefined {
  return ms === undefined ? undefined : new Date(ms).toISOString();
}

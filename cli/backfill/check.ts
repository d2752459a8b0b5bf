import type { Settings } from '../../lib/rudderstack/settings.ts';
import { decide } from '../../lib/mapping/decide.ts';
import { unwrap } from '../../lib/rudderstack/envelope.ts';
import { readItems, type CellTypes } from './read-items.ts';
import { toBody } from './to-body.ts';

/** What would happen to the events of a file. */
export interface CheckResult {
  readonly events: number;
  readonly delivered: number;
  readonly filtered: Readonly<Record<string, ReasonCount>>;
  readonly rejected: Readonly<Record<string, ReasonCount>>;
  /** Track events among the delivered ones whose time cannot be read. In Heap they happen at the time of the import. */
  readonly withoutTime: ReasonCount;
}

interface ReasonCount {
  count: number;
  /** The first few line numbers. */
  readonly lines: number[];
}

const MOST_LINES = 5;

/**
 * Maps every event of a file, and counts the results. Nothing is sent.
 *
 * @param types what the cells of a CSV file are
 * @param onProgress called with the numbers of events and bytes since the last call
 * @throws CallerError if the file cannot be read as gzip, CSV or JSON array
 */
export async function checkFile(
  file: string,
  { settings, types }: { readonly settings: Settings; readonly types: CellTypes },
  signal: AbortSignal,
  onProgress: (events: number, bytes: number) => void,
): Promise<CheckResult> {
  let events = 0;
  let delivered = 0;
  const filtered: Record<string, ReasonCount> = {};
  const rejected: Record<string, ReasonCount> = {};
  const withoutTime: ReasonCount = { count: 0, lines: [] };
  const noteLine = (known: ReasonCount, line: number): void => {
    known.count += 1;
    if (known.lines.length < MOST_LINES) known.lines.push(line);
  };
  const note = (counts: Record<string, ReasonCount>, reason: string, line: number): void => {
    noteLine((counts[reason] ??= { count: 0, lines: [] }), line);
  };
  for await (const { text, line } of readItems(file, (bytes) => onProgress(0, bytes), types)) {
    if (signal.aborted) break;
    const body = toBody(text);
    for (const one of unwrap(body.kind === 'not_json' ? text : body.text)) {
      events += 1;
      const decision = one.kind === 'event' ? decide(one.event, settings, Date.now()) : one.rejection;
      if (decision.kind === 'mapped') {
        delivered += 1;
        if (decision.cuts.withoutTime > 0) noteLine(withoutTime, line);
      } else note(decision.kind === 'filtered' ? filtered : rejected, decision.reason, line);
      onProgress(1, 0);
    }
  }
  return { events, delivered, filtered, rejected, withoutTime };
}

/** Formats the result for people. */
export function describeCheck(file: string, result: CheckResult): string {
  const { events, delivered, filtered, rejected, withoutTime } = result;
  const rows = (title: string, counts: CheckResult['filtered']): string[] =>
    Object.entries(counts).map(
      ([reason, found]) => `  ${title} ${reason.padEnd(22)} ${String(found.count).padStart(9)}   ${linesOf(found)}`,
    );
  return [
    `${file}: ${events} events`,
    `  would be delivered              ${String(delivered).padStart(9)}`,
    ...(withoutTime.count === 0
      ? []
      : [
          `    of them without a time        ${String(withoutTime.count).padStart(9)}   ${linesOf(withoutTime)}: in Heap they happen when they are loaded`,
        ]),
    ...rows('filtered', filtered),
    ...rows('rejected', rejected),
  ].join('\n');
}

function linesOf({ count, lines }: ReasonCount): string {
  return `line ${lines.join(', ')}${count > lines.length ? ' …' : ''}`;
}

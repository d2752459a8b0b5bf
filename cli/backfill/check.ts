import type { Settings } from '../../lib/rudderstack/settings.ts';
import { decide } from '../../lib/mapping/decide.ts';
import { unwrap } from '../../lib/rudderstack/envelope.ts';
import { readItems } from './read-items.ts';
import { toBody } from './to-body.ts';

/** What would happen to the events of a file. */
export interface CheckResult {
  readonly events: number;
  readonly delivered: number;
  readonly filtered: Readonly<Record<string, ReasonCount>>;
  readonly rejected: Readonly<Record<string, ReasonCount>>;
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
 * @param onProgress called with the numbers of events and bytes since the last call
 * @throws CallerError if the file cannot be read as gzip, CSV or JSON array
 */
export async function checkFile(
  file: string,
  settings: Settings,
  signal: AbortSignal,
  onProgress: (events: number, bytes: number) => void,
): Promise<CheckResult> {
  let events = 0;
  let delivered = 0;
  const filtered: Record<string, ReasonCount> = {};
  const rejected: Record<string, ReasonCount> = {};
  const note = (counts: Record<string, ReasonCount>, reason: string, line: number): void => {
    const known = (counts[reason] ??= { count: 0, lines: [] });
    known.count += 1;
    if (known.lines.length < MOST_LINES) known.lines.push(line);
  };
  for await (const { text, line } of readItems(file, (bytes) => onProgress(0, bytes))) {
    if (signal.aborted) break;
    const body = toBody(text);
    for (const one of unwrap(body.kind === 'not_json' ? text : body.text)) {
      events += 1;
      const decision = one.kind === 'event' ? decide(one.event, settings) : one.rejection;
      if (decision.kind === 'mapped') delivered += 1;
      else note(decision.kind === 'filtered' ? filtered : rejected, decision.reason, line);
      onProgress(1, 0);
    }
  }
  return { events, delivered, filtered, rejected };
}

/** Formats the result for people. */
export function describeCheck(file: string, { events, delivered, filtered, rejected }: CheckResult): string {
  const rows = (title: string, counts: CheckResult['filtered']): string[] =>
    Object.entries(counts).map(
      ([reason, { count, lines }]) =>
        `  ${title} ${reason.padEnd(22)} ${String(count).padStart(9)}   line ${lines.join(', ')}${count > lines.length ? ' …' : ''}`,
    );
  return [
    `${file}: ${events} events`,
    `  would be delivered              ${String(delivered).padStart(9)}`,
    ...rows('filtered', filtered),
    ...rows('rejected', rejected),
  ].join('\n');
}

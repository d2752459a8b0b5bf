import type { Settings } from '../../lib/rudderstack/settings.ts';
import { decide } from '../../lib/mapping/decide.ts';
import { previewEvent, type Preview } from '../../lib/mapping/preview.ts';
import { unwrap } from '../../lib/rudderstack/envelope.ts';
import { valueAt } from '../../lib/json.ts';
import { typeName } from '../../lib/rudderstack/event-types.ts';
import { openHistory } from '../history/open-history.ts';
import type { Reading } from '../history/read-item.ts';
import type { ReadOptions } from '../history/read-options.ts';

/** What would happen to the events of a file. */
export interface CheckResult {
  readonly events: number;
  readonly delivered: number;
  /** Identify calls among the delivered ones. Heap knows no time for user properties, so that they replace today's. */
  readonly identifies: number;
  /** Track events among the delivered ones that come from rows, so that their keys are not those of live events. */
  readonly rowEvents: number;
  readonly filtered: Readonly<Record<string, ReasonCount>>;
  readonly rejected: Readonly<Record<string, ReasonCount>>;
  /** What the caller leaves out. */
  readonly leftOut: Readonly<Record<string, ReasonCount>>;
  /** Track events among the delivered ones whose time cannot be read. In Heap they happen at the time of the import. */
  readonly withoutTime: ReasonCount;
  /** What the file holds, and what Heap would get for the first event of each kind. */
  readonly shapes: Readonly<Record<string, ShapeCount>>;
}

interface ReasonCount {
  count: number;
  /** The first few line numbers. */
  readonly lines: number[];
}

interface ShapeCount {
  count: number;
  first?: Preview;
}

const MOST_LINES = 5;

/** Counts while a file is read. */
interface Counts {
  events: number;
  delivered: number;
  identifies: number;
  rowEvents: number;
  readonly filtered: Record<string, ReasonCount>;
  readonly rejected: Record<string, ReasonCount>;
  readonly leftOut: Record<string, ReasonCount>;
  readonly withoutTime: ReasonCount;
  readonly shapes: Record<string, ShapeCount>;
}

/**
 * Maps every event of a file, and counts the results. Nothing is sent.
 *
 * @param reading how the file is read
 * @param onProgress called with the numbers of events and bytes since the last call
 * @throws CallerError if the file is refused, or cannot be read to its end
 */
export async function checkFile(
  file: string,
  { settings, reading: options }: { readonly settings: Settings; readonly reading: ReadOptions },
  signal: AbortSignal,
  onProgress: (events: number, bytes: number) => void,
): Promise<CheckResult> {
  const counts: Counts = {
    events: 0,
    delivered: 0,
    identifies: 0,
    rowEvents: 0,
    filtered: {},
    rejected: {},
    leftOut: {},
    withoutTime: { count: 0, lines: [] },
    shapes: {},
  };
  const nowMs = Date.now();
  const { entries } = await openHistory(file, options, (bytes) => onProgress(0, bytes), nowMs);
  for await (const { item, reading } of entries) {
    if (signal.aborted) break;
    const { line } = item;
    if (reading.kind === 'bad') {
      counts.events += 1;
      noteReason(counts.rejected, reading.code, line);
    } else if (reading.kind === 'left_out') {
      counts.events += 1;
      shapeIn(counts, reading.shape).count += 1;
      noteReason(reading.why === 'unsupported_type' ? counts.filtered : counts.leftOut, reading.why, line);
    } else {
      mapBody(counts, reading, line, settings, nowMs);
    }
    onProgress(1, 0);
  }
  return counts;
}

function mapBody(
  counts: Counts,
  reading: Extract<Reading, { readonly kind: 'event' | 'body' }>,
  line: number,
  settings: Settings,
  nowMs: number,
): void {
  const ofShape = shapeIn(counts, reading.shape);
  for (const one of unwrap(reading.text)) {
    counts.events += 1;
    ofShape.count += 1;
    const decision = one.kind === 'event' ? decide(one.event, settings, nowMs) : one.rejection;
    ofShape.first ??= previewEvent(one, settings, nowMs);
    if (decision.kind !== 'mapped') {
      noteReason(decision.kind === 'filtered' ? counts.filtered : counts.rejected, decision.reason, line);
      continue;
    }
    counts.delivered += 1;
    const type = one.kind === 'event' ? valueAt(one.event, ['type']) : undefined;
    if (typeof type === 'string' && typeName(type) === 'identify') counts.identifies += 1;
    else if (reading.kind === 'event' && reading.isRow) counts.rowEvents += 1;
    if (decision.cuts.withoutTime > 0) noteLine(counts.withoutTime, line);
  }
}

function shapeIn({ shapes }: Counts, name: string): ShapeCount {
  return (shapes[name] ??= { count: 0 });
}

function noteReason(counts: Record<string, ReasonCount>, reason: string, line: number): void {
  noteLine((counts[reason] ??= { count: 0, lines: [] }), line);
}

function noteLine(known: ReasonCount, line: number): void {
  known.count += 1;
  if (known.lines.length < MOST_LINES) known.lines.push(line);
}

/** Formats the result for people. */
export function describeCheck(file: string, result: CheckResult): string {
  const { events, delivered, filtered, rejected, leftOut, withoutTime, identifies, rowEvents, shapes } = result;
  const rows = (title: string, counts: CheckResult['filtered']): string[] =>
    Object.entries(counts).map(([reason, found]) => row(`${title} ${reason}`, found));
  return [
    `${file}: ${events} events`,
    `  would be delivered              ${String(delivered).padStart(9)}`,
    ...(withoutTime.count === 0
      ? []
      : [row('  of them without a time', withoutTime, ': in Heap they happen when they are loaded')]),
    ...(identifies === 0
      ? []
      : [`    of them identify calls        ${String(identifies).padStart(9)}   ${OVERWRITES}`]),
    ...(rowEvents === 0 ? [] : [`    of them track events of rows  ${String(rowEvents).padStart(9)}   ${OTHER_KEYS}`]),
    ...rows('filtered', filtered),
    ...rows('left out', leftOut),
    ...rows('rejected', rejected),
    ...Object.entries(shapes).map(
      ([name, { count, first }]) =>
        `  ${name}: ${count}${first === undefined ? '' : `; of the first one Heap would get\n    ${JSON.stringify(first)}`}`,
    ),
  ].join('\n');
}

/** Why identify calls of the past are not harmless. */
export const OVERWRITES = 'they replace today’s user properties with old ones: --skip identify leaves them out';

/** Why the events of rows may count twice. */
export const OTHER_KEYS =
  'their idempotency keys differ from those of live events: what is in Heap already counts twice, unless --before TIME ends where the live events begin, or the setting idempotencyKey is "messageId"';

function row(title: string, found: ReasonCount, then = ''): string {
  return `  ${title.padEnd(31)} ${String(found.count).padStart(9)}   ${linesOf(found)}${then}`;
}

function linesOf({ count, lines }: ReasonCount): string {
  return `line ${lines.join(', ')}${count > lines.length ? ' …' : ''}`;
}

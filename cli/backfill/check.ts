import type { Settings } from '../../lib/rudderstack/settings.ts';
import { decide } from '../../lib/mapping/decide.ts';
import { endOf } from '../../lib/mapping/mapped.ts';
import { previewEvent, type Preview } from '../../lib/mapping/preview.ts';
import { unwrap } from '../../lib/rudderstack/envelope.ts';
import type { TransformEvent } from '../../lib/transformation/transform-event.ts';
import { valueAt } from '../../lib/json.ts';
import { typeName } from '../../lib/rudderstack/event-types.ts';
import { CallerError } from '../caller-error.ts';
import { createCauses, type Cause, type Causes, type FilePlace } from '../causes.ts';
import { openHistory, type Entry } from '../history/open-history.ts';
import type { Reading } from '../history/read-item.ts';
import type { ReadOptions } from '../history/read-options.ts';
import { refusalOf } from './refuse-item.ts';
import { LEFT_OUT } from './warnings.ts';

/** What would happen to the events of files. */
export interface CheckResult {
  readonly files: readonly string[];
  /** Whether everything was read. Not so after an interruption. */
  readonly isComplete: boolean;
  readonly events: number;
  readonly delivered: number;
  /** Identify calls among the delivered ones. Heap knows no time for user properties, so that they replace today's. */
  readonly identifies: number;
  /** Events among the delivered ones that come from rows, so that their keys are not those of live events. */
  readonly rowEvents: number;
  /** What is not simply delivered, with its lines. */
  readonly causes: readonly Cause[];
  /** What the files hold, and what Heap would get for the first event of each kind that is delivered, if any is. */
  readonly shapes: Readonly<Record<string, ShapeCount>>;
  /** Files that cannot be read, or not to their end. */
  readonly refusedFiles: readonly RefusedFile[];
}

/** A file that `enqueue` would stop at. */
export interface RefusedFile {
  readonly file: string;
  readonly why: string;
}

interface ShapeCount {
  count: number;
  first?: Preview;
}

/** Counts while files are read. */
interface Counts {
  isComplete: boolean;
  events: number;
  delivered: number;
  identifies: number;
  rowEvents: number;
  readonly shapes: Record<string, ShapeCount>;
}

/** How events are read and mapped. */
export interface CheckOptions {
  readonly settings: Settings;
  readonly reading: ReadOptions;
  /** Undefined if there is none. */
  readonly transformEvent?: TransformEvent | undefined;
}

/**
 * Maps every event of files, and counts the results. Nothing is sent. A file that is refused does not keep the others from being
 * checked.
 *
 * @param onProgress called with the numbers of events and bytes since the last call
 */
export async function checkFiles(
  files: readonly string[],
  options: CheckOptions,
  signal: AbortSignal,
  onProgress: (events: number, bytes: number) => void,
): Promise<CheckResult> {
  const counts: Counts = { isComplete: true, events: 0, delivered: 0, identifies: 0, rowEvents: 0, shapes: {} };
  const causes = createCauses();
  const refusedFiles: RefusedFile[] = [];
  const nowMs = Date.now();
  for (const file of files) {
    try {
      const { entries } = await openHistory(file, options.reading, (bytes) => onProgress(0, bytes), nowMs);
      for await (const entry of entries) {
        if (signal.aborted) break;
        checkEntry(file, entry, { ...options, counts, causes, nowMs });
        onProgress(1, 0);
      }
    } catch (error) {
      if (!(error instanceof CallerError)) throw error;
      refusedFiles.push({ file, why: error.message });
    }
  }
  return { files, ...counts, isComplete: !signal.aborted, causes: causes.list(), refusedFiles };
}

interface Checking extends Pick<CheckOptions, 'settings' | 'transformEvent'> {
  readonly counts: Counts;
  readonly causes: Causes;
  readonly nowMs: number;
}

function checkEntry(file: string, entry: Entry, checking: Checking): void {
  const { counts, causes } = checking;
  const { item, reading } = entry;
  const place = { file, line: item.line };
  const refused = refusalOf(entry);
  if (refused !== undefined) {
    counts.events += 1;
    const { code, problem, remedy } = refused;
    causes.note({ fate: 'refused', reason: code, detail: remedy === '' ? problem : `${problem}. ${remedy}` }, place);
  } else if (reading.kind === 'left_out') {
    counts.events += 1;
    shapeIn(counts, reading.shape).count += 1;
    causes.note({ fate: 'left_out', reason: reading.why, detail: LEFT_OUT[reading.why] }, place);
  } else if (reading.kind !== 'bad') {
    mapBody(reading, place, checking);
  }
}

function mapBody(
  reading: Extract<Reading, { readonly kind: 'event' | 'body' }>,
  place: FilePlace,
  { counts, causes, settings, transformEvent, nowMs }: Checking,
): void {
  const ofShape = shapeIn(counts, reading.shape);
  for (const one of unwrap(reading.text)) {
    counts.events += 1;
    ofShape.count += 1;
    const type = one.kind === 'event' ? valueAt(one.event, ['type']) : undefined;
    const decision = one.kind === 'event' ? decide(one.event, settings, nowMs, transformEvent) : one.rejection;
    // One that is delivered says more than one that is not.
    const isBetter = !isDelivered(ofShape.first) && decision.kind === 'mapped';
    if (ofShape.first === undefined || isBetter) {
      // Read again, since a transformation may have changed it.
      const [again = one] = unwrap(one.text());
      ofShape.first = previewEvent(again, settings, nowMs, transformEvent);
    }
    const end = endOf(decision);
    if (end.kind !== 'mapped') {
      const detail = end.kind === 'rejected' ? end.detail : '';
      causes.note({ fate: end.kind, reason: end.reason, detail }, place);
      continue;
    }
    counts.delivered += 1;
    if (typeof type === 'string' && typeName(type) === 'identify') counts.identifies += 1;
    else if (reading.kind === 'event' && reading.isRow) counts.rowEvents += 1;
    if (end.cuts.withoutTime > 0) causes.note({ fate: 'without_time', reason: 'no_time', detail: '' }, place);
  }
}

function isDelivered(preview: Preview | undefined): boolean {
  return preview?.kind === 'deliver' || preview?.kind === 'list';
}

function shapeIn({ shapes }: Counts, name: string): ShapeCount {
  return (shapes[name] ??= { count: 0 });
}

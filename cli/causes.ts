/** What becomes of an event that is not simply delivered. */
export type Fate =
  /** By the owner's settings, or by RudderStack's rules. */
  | 'filtered'
  /** By the caller's options. */
  | 'left_out'
  /** It would be dead-lettered. */
  | 'rejected'
  /** It cannot be sent to the queue. */
  | 'refused'
  /** It is delivered, and happens in Heap when it arrives. */
  | 'without_time';

/** What has happened to one event, and why. */
export interface Fault {
  readonly fate: Fate;
  /** A code. */
  readonly reason: string;
  /** A sentence, or a phrase that follows the place; may be empty. It may quote the event. */
  readonly detail: string;
}

/** Where an event stands. */
export interface FilePlace {
  readonly file: string;
  /** Counted from 1. */
  readonly line: number;
}

/** Lines that follow one another, the last one included. */
export type LineRange = readonly [from: number, to: number];

/** The lines of a file with the same cause. */
export interface FileLines {
  readonly file: string;
  /** In ascending order, the first thousand that were noted. */
  readonly lines: readonly LineRange[];
  /** How many lines come after these. */
  readonly moreLines: number;
}

/** All events with the same fate, for the same reason, with the same sentence but for the words that it quotes. */
export interface Cause extends Fault {
  /** The number of events. */
  readonly count: number;
  /** Where the event stands that `detail` is from. */
  readonly example: FilePlace;
  /** The first hundred files. */
  readonly places: readonly FileLines[];
  /** How many files come after these. */
  readonly moreFiles: number;
}

/** Groups faults by their cause, in bounded memory. */
export interface Causes {
  readonly note: (fault: Fault, place: FilePlace) => void;
  /** In the order in which they were first seen. */
  readonly list: () => readonly Cause[];
}

const MOST_CAUSES = 500;
const MOST_FILES = 100;
const MOST_RANGES = 1000;

/** The lines of a file while it is read. */
interface OpenLines {
  readonly file: string;
  readonly lines: [number, number][];
  moreLines: number;
  last: number;
}

interface OpenCause {
  /** That of the first event. */
  readonly fault: Fault;
  readonly example: FilePlace;
  count: number;
  readonly places: OpenLines[];
  moreFiles: number;
  lastFile: string;
}

/** Starts without any cause. Lines may be noted in any order, but files one after the other. */
export function createCauses(): Causes {
  const causes = new Map<string, OpenCause>();
  const causeFor = (fault: Fault, example: FilePlace): OpenCause => {
    const { fate, reason, detail } = fault;
    const exact = JSON.stringify([fate, reason, wordingOf(detail)]);
    // Where so many sentences differ in words that are not known to be quoted, the reason alone counts.
    const key = causes.has(exact) || causes.size < MOST_CAUSES ? exact : JSON.stringify([fate, reason]);
    const known = causes.get(key);
    if (known !== undefined) return known;
    const opened: OpenCause = { fault, example, count: 0, places: [], moreFiles: 0, lastFile: '' };
    causes.set(key, opened);
    return opened;
  };
  return {
    note(fault, place) {
      const cause = causeFor(fault, place);
      cause.count += 1;
      noteLine(cause, place);
    },
    list: () =>
      [...causes.values()].map(({ fault, example, count, places, moreFiles }) => ({
        ...fault,
        example,
        count,
        places: places.map(({ file, lines, moreLines }) => ({ file, lines: inOrder(lines), moreLines })),
        moreFiles,
      })),
  };
}

function noteLine(cause: OpenCause, { file, line }: FilePlace): void {
  if (file !== cause.lastFile) {
    cause.lastFile = file;
    if (cause.places.length === MOST_FILES) cause.moreFiles += 1;
    else cause.places.push({ file, lines: [], moreLines: 0, last: 0 });
  }
  const place = cause.places.at(-1);
  // A line may hold several events.
  if (place?.file !== file || line === place.last) return;
  const range = place.lines.at(-1);
  if (range !== undefined && line === range[1] + 1) range[1] = line;
  else if (place.lines.length < MOST_RANGES) place.lines.push([line, line]);
  else place.moreLines += 1;
  place.last = line;
}

/** Sorts ranges, and joins those that follow one another. */
function inOrder(ranges: readonly LineRange[]): readonly LineRange[] {
  const joined: [number, number][] = [];
  for (const [from, to] of ranges.toSorted(([a], [b]) => a - b)) {
    const last = joined.at(-1);
    if (last !== undefined && from <= last[1] + 1) last[1] = Math.max(last[1], to);
    else joined.push([from, to]);
  }
  return joined;
}

/** A sentence without what it quotes: texts, numbers, and the letters at which JSON ends. Punctuation says what is wrong. */
function wordingOf(detail: string): string {
  return detail
    .replaceAll(/'[^'\W_]'/g, "'a'")
    .replaceAll(/(?:\.{3})?".*"(?:\.{3})?/gs, '""')
    .replaceAll(/\d+/g, '0');
}

/** So many ranges of lines are written out, and so many files. */
const RANGES_SHOWN = 20;
const FILES_SHOWN = 5;

/** Formats where a cause was seen: `lines 3, 7, 9-12 and 204 more`. Names the files if there are several. */
export function describePlaces(
  { places, moreFiles }: Pick<Cause, 'places' | 'moreFiles'>,
  hasOneFile: boolean,
): string {
  const [first] = places;
  if (first === undefined) return '';
  if (hasOneFile) return describeLines(first);
  const shown = places.slice(0, FILES_SHOWN).map((place) => `${place.file} ${describeLines(place)}`);
  const hidden = places.length - shown.length + moreFiles;
  return [...shown, ...(hidden === 0 ? [] : [`${hidden} more ${hidden === 1 ? 'file' : 'files'}`])].join('; ');
}

function describeLines({ lines, moreLines }: FileLines): string {
  const shown = lines.slice(0, RANGES_SHOWN).map(([from, to]) => (from === to ? `${from}` : `${from}-${to}`));
  const hidden = lines.slice(RANGES_SHOWN).reduce((sum, [from, to]) => sum + to - from + 1, moreLines);
  const parts = hidden === 0 ? shown : [...shown, `${hidden} more`];
  const [first = ''] = parts;
  if (parts.length === 1) return `${first.includes('-') ? 'lines' : 'line'} ${first}`;
  return `lines ${parts.slice(0, -1).join(', ')} and ${parts.at(-1)}`;
}

/** Formats the example of a cause in one line; empty if there is nothing to say. */
export function describeExample({ fate, detail, example }: Cause, hasOneFile: boolean): string {
  if (detail === '') return '';
  const place = hasOneFile ? `line ${example.line}` : `${example.file}, line ${example.line}`;
  // A refusal is a phrase that follows the place.
  return `${place}${fate === 'refused' ? ' ' : ': '}${detail}`.replaceAll(/\s+/g, ' ');
}

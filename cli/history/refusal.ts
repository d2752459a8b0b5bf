import { CallerError } from '../caller-error.ts';

/** Where in the input something is. */
export interface Place {
  /** The name of the file, or `standard input`. */
  readonly file: string;
  /** Counted from 1; undefined for the file as a whole. */
  readonly line?: number | undefined;
}

/** Why a whole file is not read. Nothing of it is sent, unless its head looked right. */
export type FileProblem =
  /** Not text, or an archive: Parquet, zip, tar … */
  | 'binary_format'
  | 'damaged_gzip'
  | 'encoding'
  /** CSV whose columns are separated by something else than the reader was told. */
  | 'separator'
  | 'no_header'
  | 'header'
  | 'csv'
  /** A JSON value that has no end, or that is too long to be one event. */
  | 'json'
  /** The export of another product. */
  | 'other_product'
  | 'unknown_shape'
  /** Rows of RudderStack's that may belong to several tables. */
  | 'unknown_table'
  /** The table `tracks`, which has no properties. */
  | 'tracks_table';

/** Why one item of a file is not sent. */
export type ItemProblem =
  | 'not_json'
  | 'unknown_shape'
  | 'no_time'
  | 'other_table'
  | 'cells'
  | 'rudder_event'
  | 'json_text'
  | 'rounded_id';

/** A file or an item that cannot be read rightly. */
export type Refusal =
  | {
      readonly kind: 'file';
      readonly code: FileProblem;
      readonly place: Place;
      /** A phrase that follows the place: `is a Parquet file`. */
      readonly problem: string;
      /** What to do, as a sentence. */
      readonly remedy: string;
    }
  | {
      readonly kind: 'item';
      readonly code: ItemProblem;
      readonly place: Place;
      readonly problem: string;
      readonly remedy: string;
    };

/** The error of a reader that cannot go on. */
export class RefusalError extends CallerError {
  readonly refusal: Refusal;

  constructor(refusal: Refusal) {
    super(describeRefusal(refusal));
    this.refusal = refusal;
  }
}

/** Returns an error that refuses a whole file. */
export function refuseFile(code: FileProblem, place: Place, problem: string, remedy: string): RefusalError {
  return new RefusalError({ kind: 'file', code, place, problem, remedy });
}

/** Formats a refusal in one line. */
export function describeRefusal({ place, problem, remedy }: Pick<Refusal, 'place' | 'problem' | 'remedy'>): string {
  return `${describePlace(place)} ${problem}${remedy === '' ? '' : `. ${remedy}`}`.replaceAll(/\s*\n\s*/g, ' ');
}

/** Formats a place as `FILE, line 3`. */
export function describePlace({ file, line }: Place): string {
  return line === undefined ? file : `${file}, line ${line}`;
}

/** The name of a file in messages. */
export function nameOf(file: string): string {
  return file === '-' ? 'standard input' : file;
}

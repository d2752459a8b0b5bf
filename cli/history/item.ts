/** One line, JSON value or row of a file, as JSON text. */
export interface Item {
  readonly text: string;
  /** The line in which it starts, counted from 1. */
  readonly line: number;
  /** For a row of a CSV file that has another number of cells than its header line. */
  readonly problem?: string;
}

/** An item has at most this many characters. An SQS message holds 1 MiB, and compressed a few times as much. */
export const MOST_CHARACTERS = 16 * 1024 * 1024;

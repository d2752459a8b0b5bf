import { appendFileSync, existsSync, readFileSync, statSync } from 'node:fs';

/** The file of `--skip-bad`: what cannot be sent, as it came, for another run after it was repaired. */
export interface BadFile {
  readonly path: string;
  /** The size of the file with all items that were added so far, in bytes. What an earlier run has written after that does not count. */
  readonly size: () => number;
  /** Adds an item, unless an earlier run has written it after `noted`. */
  readonly add: (text: string) => void;
}

/**
 * Opens the file, which need not exist yet.
 *
 * @param noted its size in bytes when an earlier run last noted how far it was. What this run wrote afterwards is of items that
 *   are read again. Undefined if there was no such run.
 */
export function openBadFile(path: string, noted: number | undefined): BadFile {
  const found = existsSync(path) ? statSync(path).size : 0;
  let size = Math.min(noted ?? found, found);
  /** What is in the file after `size`. */
  let written: string[] = [];
  if (size < found) {
    const lines = readFileSync(path).subarray(size).toString().split('\n');
    // The run was killed while it wrote.
    if (lines.pop() !== '') appendFileSync(path, '\n');
    written = lines;
  }
  return {
    path,
    size: () => size,
    add(text) {
      const at = written.indexOf(text);
      if (at === -1) {
        appendFileSync(path, `${text}\n`);
        size = statSync(path).size;
        // If something is left, someone has changed the file.
        written = [];
      } else {
        written.splice(at, 1);
        size += Buffer.byteLength(text) + 1;
      }
    },
  };
}

import { hash } from 'node:crypto';
import { existsSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { isObject, type JsonObject } from '../../lib/json.ts';
import { CallerError } from '../caller-error.ts';

/** How far a file is in the queue. */
export interface Reached {
  /** The number of items, from the start of the file, that are in the queue or left out. */
  readonly done: number;
  /** The seal of these items; see `sealOf`. */
  readonly seal: string;
}

/** Before the first item. */
export const NOTHING_DONE: Reached = { done: 0, seal: '' };

/**
 * How much of a file is in the queue. Stored next to the file, so that a second run continues where the first one stopped.
 */
export interface Checkpoint {
  readonly reached: Reached;
  /** Whether the whole file is in the queue, and is as it was then. */
  readonly isFinished: boolean;
  readonly save: (reached: Reached) => void;
  /** Notes that the whole file is in the queue, for a run over several files. */
  readonly finish: (reached: Reached) => void;
  /** Deletes the checkpoint, after all files are in the queue. */
  readonly remove: () => void;
}

/**
 * The seal of the items up to one: a digest of its text and the seal before it. What is in the queue has to be the same in the
 * file when a run continues; what comes after it may have been repaired.
 */
export function sealOf(before: string, text: string): string {
  return hash('sha1', `${before}\n${text}`, 'base64');
}

/**
 * Opens the checkpoint of a file, which need not exist yet.
 *
 * @param path the path of the checkpoint
 * @throws CallerError if the checkpoint belongs to another queue, or cannot be read
 */
export function openCheckpoint(file: string, queueUrl: string, path: string): Checkpoint {
  const { size, mtimeMs } = statSync(file);
  const known = existsSync(path) ? read(path, queueUrl) : undefined;
  const write = (content: JsonObject): void => {
    // Renaming is atomic: if the process dies here, the previous checkpoint stays.
    writeFileSync(`${path}.new`, `${JSON.stringify({ queueUrl, ...content })}\n`);
    renameSync(`${path}.new`, path);
  };
  return {
    reached: known?.reached ?? NOTHING_DONE,
    isFinished: known?.finished['size'] === size && known.finished['mtimeMs'] === mtimeMs,
    save({ done, seal }) {
      // Without a checkpoint the caller can still choose another queue.
      if (done > 0) write({ done, seal });
    },
    finish: ({ done, seal }) => write({ done, seal, finished: { size, mtimeMs } }),
    remove: () => rmSync(path, { force: true }),
  };
}

function read(path: string, queueUrl: string): { readonly reached: Reached; readonly finished: JsonObject } {
  const { done, seal, queueUrl: url, finished } = parse(readFileSync(path, 'utf8'));
  if (url !== queueUrl || typeof done !== 'number' || typeof seal !== 'string') {
    throw new CallerError(`${path} belongs to another queue, or is damaged: delete it to start over`);
  }
  return { reached: { done, seal }, finished: isObject(finished) ? finished : {} };
}

function parse(text: string): JsonObject {
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : {};
  } catch {
    return {};
  }
}

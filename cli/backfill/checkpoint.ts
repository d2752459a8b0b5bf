import { existsSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { isObject, type JsonObject } from '../../lib/json.ts';
import { CallerError } from '../caller-error.ts';

/**
 * How much of a file is in the queue. Stored next to the file, so that a second run continues where the first one stopped.
 */
export interface Checkpoint {
  /** The number of items, from the start of the file, that are in the queue. */
  readonly done: number;
  readonly save: (done: number) => void;
  /** Deletes the checkpoint, after the whole file is in the queue. */
  readonly remove: () => void;
}

/** What a checkpoint belongs to. If one of these values differs, the checkpoint is not valid. */
interface About {
  readonly size: number;
  readonly mtimeMs: number;
  readonly queueUrl: string;
}

/**
 * Opens the checkpoint of a file, which need not exist yet.
 *
 * @param path the path of the checkpoint
 * @throws CallerError if the checkpoint belongs to another queue, or the file has changed since
 */
export function openCheckpoint(file: string, queueUrl: string, path: string): Checkpoint {
  const { size, mtimeMs } = statSync(file);
  const about: About = { size, mtimeMs, queueUrl };
  return {
    done: readDone(path, about),
    save(done) {
      // Without a checkpoint the caller can still choose another queue.
      if (done === 0) return;
      // Renaming is atomic: if the process dies here, the previous checkpoint stays.
      writeFileSync(`${path}.new`, `${JSON.stringify({ ...about, done })}\n`);
      renameSync(`${path}.new`, path);
    },
    remove: () => rmSync(path, { force: true }),
  };
}

function readDone(path: string, about: About): number {
  if (!existsSync(path)) return 0;
  const known = parse(readFileSync(path, 'utf8'));
  const isSame = Object.entries(about).every(([name, value]) => known[name] === value);
  if (!isSame || typeof known['done'] !== 'number') {
    throw new CallerError(
      `${path} belongs to another queue or to another version of the file: delete it to start over`,
    );
  }
  return known['done'];
}

function parse(text: string): JsonObject {
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : {};
  } catch {
    return {};
  }
}

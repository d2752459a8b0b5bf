import { existsSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { isObject, type JsonObject } from '../../lib/json.ts';
import { CallerError } from '../caller-error.ts';

/** How much of a file is in the queue; kept beside the file, so that a second run continues where the first one ended. */
export interface Checkpoint {
  /** Items from the beginning that are in the queue. */
  readonly done: number;
  readonly save: (done: number) => void;
  /** The whole file is in the queue. */
  readonly remove: () => void;
}

/** What a checkpoint belongs to. When one of these differs, its count says nothing. */
interface About {
  readonly size: number;
  readonly mtimeMs: number;
  readonly queueUrl: string;
}

/**
 * @param path of the checkpoint itself
 * @throws CallerError when it belongs to another file or queue, or the file has changed since
 */
export function openCheckpoint(file: string, queueUrl: string, path: string): Checkpoint {
  const { size, mtimeMs } = statSync(file);
  const about: About = { size, mtimeMs, queueUrl };
  return {
    done: readDone(path, about),
    save(done) {
      // Before anything is sent the caller may still choose another queue.
      if (done === 0) return;
      // Written aside and renamed: if the process dies in between, the earlier checkpoint stays.
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

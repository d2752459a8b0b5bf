import { readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { ConfigurationError } from '../../lib/config.ts';
import { isObject } from '../../lib/json.ts';

/** How far a file has got into the queue; kept beside it, so that a second run goes on where the first one ended. */
export interface Checkpoint {
  /** Items from the beginning that are in the queue. */
  readonly done: number;
  readonly save: (done: number) => void;
  /** The file is through. */
  readonly remove: () => void;
}

/**
 * @param path of the checkpoint itself
 * @throws ConfigurationError when it belongs to another file, or the file has changed since
 */
export function openCheckpoint(file: string, path: string): Checkpoint {
  const { size, mtimeMs } = statSync(file);
  const about = { size, mtimeMs };
  return {
    done: readDone(path, about),
    save(done) {
      // Written aside and put in its place: whoever dies in between leaves the former one.
      writeFileSync(`${path}.new`, `${JSON.stringify({ ...about, done })}\n`);
      renameSync(`${path}.new`, path);
    },
    remove: () => rmSync(path, { force: true }),
  };
}

function readDone(path: string, about: { readonly size: number; readonly mtimeMs: number }): number {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch {
    return 0;
  }
  const known: unknown = JSON.parse(text);
  const isSame = isObject(known) && known['size'] === about.size && known['mtimeMs'] === about.mtimeMs;
  if (!isSame || typeof known['done'] !== 'number') {
    throw new ConfigurationError(`${path} was made for another state of the file: delete it to begin anew`);
  }
  return known['done'];
}

import { existsSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { ConfigurationError } from '../../lib/config.ts';
import { isObject, type JsonObject } from '../../lib/json.ts';

/** How far a file has got into the queue; kept beside it, so that a second run goes on where the first one ended. */
export interface Checkpoint {
  /** Items from the beginning that are in the queue. */
  readonly done: number;
  readonly save: (done: number) => void;
  /** The file is through. */
  readonly remove: () => void;
}

/** What a checkpoint is about. Where one of these is another, what was sent is of no use. */
interface About {
  readonly size: number;
  readonly mtimeMs: number;
  readonly queueUrl: string;
}

/**
 * @param path of the checkpoint itself
 * @throws ConfigurationError when it belongs to another file or queue, or the file has changed since
 */
export function openCheckpoint(file: string, queueUrl: string, path: string): Checkpoint {
  const { size, mtimeMs } = statSync(file);
  const about: About = { size, mtimeMs, queueUrl };
  return {
    done: readDone(path, about),
    save(done) {
      // Who has sent nothing yet may still mean another queue.
      if (done === 0) return;
      // Written aside and put in its place: whoever dies in between leaves the former one.
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
    throw new ConfigurationError(
      `${path} was made for another queue or another state of the file: delete it to begin anew`,
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

import { globSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { CallerError } from '../caller-error.ts';

/** What other tools write beside the data. */
const NO_DATA = /^(?:[._].*|.*\.(?:checkpoint|new|crc|md5)|manifest.*)$/i;

/** How files in object storage are read: by their own tool, through standard input. */
const STORAGES: readonly (readonly [RegExp, (url: string) => string])[] = [
  [/^s3a?:\/\//i, (url) => `aws s3 cp ${url} - | npm run -s heapq -- enqueue -`],
  [/^gs:\/\//i, (url) => `gcloud storage cat ${url} | npm run -s heapq -- enqueue -`],
  [/^(?:https?|abfss?|wasbs?|azure):\/\//i, (url) => `curl -fsS ${url} | npm run -s heapq -- enqueue -`],
];

/**
 * Returns the files that paths name, in the order of their names within each path: of a folder all files in it and below it,
 * of a pattern such as `dumps/*.gz` those that match. `-` is standard input.
 *
 * @throws CallerError if a file does not exist, nothing matches, or a path is a URL
 */
export function expandFiles(paths: readonly string[]): readonly string[] {
  return [...new Set(paths.flatMap(filesAt))];
}

function filesAt(path: string): readonly string[] {
  if (path === '-') return [path];
  const storage = STORAGES.find(([pattern]) => pattern.test(path));
  if (storage !== undefined) throw new CallerError(`${path} is not read from here: ${storage[1](path)}`);
  const stats = statSync(path, { throwIfNoEntry: false });
  if (stats?.isDirectory() === true) {
    const found = filesIn(path);
    if (found.length === 0) throw new CallerError(`${path} is a folder without files`);
    return found;
  }
  if (stats !== undefined) return [path];
  if (/[*?[{]/.test(path)) {
    const found = globSync(path).filter((file) => statSync(file).isFile() && !isNoData(file));
    if (found.length === 0) throw new CallerError(`no file matches ${path}`);
    return found.toSorted();
  }
  // For Node's own message.
  statSync(path);
  return [path];
}

function filesIn(folder: string): readonly string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && !NO_DATA.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name))
    .toSorted();
}

function isNoData(file: string): boolean {
  return NO_DATA.test(file.split('/').at(-1) ?? '');
}

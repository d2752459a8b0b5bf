import { globSync, readdirSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { CallerError } from '../caller-error.ts';
import { quote } from '../hint.ts';

/** What other tools write beside the data. */
const NO_DATA = /^(?:[._].*|.*\.(?:checkpoint|new|crc|md5)|manifest.*)$/i;

/** How files in object storage are read: by their own tool, through standard input. */
const STORAGES: readonly (readonly [RegExp, (url: string) => string])[] = [
  [/^s3a?:\/\//i, (url) => `aws s3 cp ${quote(url)} - | npm run -s heapq -- enqueue -`],
  [/^gs:\/\//i, (url) => `gcloud storage cat ${quote(url)} | npm run -s heapq -- enqueue -`],
  [/^(?:https?|abfss?|wasbs?|azure):\/\//i, (url) => `curl -fsS ${quote(url)} | npm run -s heapq -- enqueue -`],
];

/**
 * Returns the files that paths name, in the order of their names within each path: of a folder all files in it and below it,
 * of a pattern such as `dumps/*.gz` those that match. `-` is standard input.
 *
 * @throws CallerError if a file does not exist, nothing matches, or a path is a URL
 */
export function expandFiles(paths: readonly string[]): readonly string[] {
  const files = new Map<string, string>();
  for (const path of paths.flatMap(filesAt)) {
    const place = path === '-' ? path : resolve(path);
    if (!files.has(place)) files.set(place, path);
  }
  // A shell that expands `history/*` in a second run names what the first one has noted, too.
  const noted = /\.checkpoint(?:\.new)?$/;
  return [...files].flatMap(([place, path]) =>
    noted.test(place) && files.has(place.replace(noted, '')) ? [] : [path],
  );
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

import { statSync } from 'node:fs';
import { CallerError } from './caller-error.ts';

const PROBLEMS: ReadonlyMap<unknown, string> = new Map([
  ['ENOENT', 'there is no such file'],
  ['ENOTDIR', 'there is no such file'],
  ['EISDIR', 'this is a folder, not a file'],
  ['EACCES', 'there is no permission to read it'],
]);

/**
 * Returns what to throw when a file could not be read: an error for the caller that names the option, or the error itself if
 * it is another one.
 *
 * @param option the option with its value, for example `--config settings.json`
 */
export function fileError(option: string, error: unknown): unknown {
  const problem = error instanceof Error && 'code' in error ? PROBLEMS.get(error.code) : undefined;
  return problem === undefined ? error : new CallerError(`${option}: ${problem}`);
}

/**
 * Checks early that a file can be read.
 *
 * @throws like `fileError`
 */
export function requireFile(option: string, file: string): void {
  try {
    if (statSync(file).isDirectory()) throw Object.assign(new Error(file), { code: 'EISDIR' });
  } catch (error) {
    throw fileError(`${option} ${file}`, error);
  }
}

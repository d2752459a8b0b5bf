import { readFileSync } from 'node:fs';
import { fileError } from './file-error.ts';

/**
 * Reads a file in UTF-8, without the byte order mark that editors on Windows write.
 *
 * @param name what the caller knows the file by, for example `--config settings.json`
 * @throws CallerError that has the name, if the file cannot be read
 */
export function readTextFile(name: string, file: string): string {
  try {
    return readFileSync(file, 'utf8').replace(/^\uFEFF/, '');
  } catch (error) {
    throw fileError(name, error);
  }
}

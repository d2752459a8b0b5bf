import { basename, join } from 'node:path';
import { loadTransformation, type LoadOptions } from '../lib/transformation/load.ts';
import type { TransformEvent } from '../lib/transformation/transform-event.ts';
import { CallerError } from './caller-error.ts';
import { readTextFile } from './read-text-file.ts';

/** The owner's transformation, and how it is named for people. */
export interface NamedTransformation {
  readonly name: string;
  readonly transformEvent: TransformEvent;
}

const TRANSFORMATION = join('transformation', 'transformation.js');

/** Where the function takes it from. */
export const OWN_TRANSFORMATION = join(import.meta.dirname, '..', TRANSFORMATION);

/**
 * Loads the transformation that the function would run, or another one.
 *
 * @param file what the option `--transformation` names, else the environment variable `TRANSFORMATION`, else that of this folder;
 *   `none` for none
 * @returns undefined if there is none
 * @throws CallerError if it cannot be loaded
 */
export async function findTransformation(
  file = process.env['TRANSFORMATION'] || undefined,
  log?: LoadOptions['log'],
): Promise<NamedTransformation | undefined> {
  if (file === 'none') return undefined;
  const path = file ?? OWN_TRANSFORMATION;
  const source = readTextFile(`--transformation ${path}`, path);
  const loaded = await loadTransformation(source, { file: basename(path), ...(log !== undefined && { log }) });
  if (loaded.kind === 'empty') return undefined;
  if (loaded.kind === 'loaded') return { name: file ?? TRANSFORMATION, transformEvent: loaded.transformEvent };
  throw new CallerError((await syntaxErrorIn(source, path)) ?? loaded.why);
}

/** Node does not say where in a module a syntax error is. */
async function syntaxErrorIn(source: string, path: string): Promise<string | undefined> {
  const { transform } = await import('esbuild');
  const result = await transform(source, { loader: 'js', format: 'esm', logLevel: 'silent' }).catch((error) => error);
  const { text, location } = Object(result).errors?.[0] ?? {};
  return location ? `${path}:${location.line}:${location.column + 1}: ${text}` : undefined;
}

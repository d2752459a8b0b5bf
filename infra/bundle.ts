import { execFileSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isArray, type JsonObject } from '../lib/json.ts';
import type { BuiltFunction } from './template.ts';

/**
 * Builds a function with the same esbuild options as `sam build`, so that the tests run what is deployed.
 *
 * @param root the folder with the sources and node_modules
 * @param outdir a path relative to `root`, which is emptied first
 */
export function bundle(
  root: string,
  { entryPoint, buildProperties }: Pick<BuiltFunction, 'entryPoint' | 'buildProperties'>,
  outdir: string,
): void {
  rmSync(join(root, outdir), { recursive: true, force: true });
  const flags = [
    '--bundle',
    '--platform=node',
    `--outdir=${outdir}`,
    '--log-level=warning',
    ...toFlags(buildProperties),
  ];
  execFileSync(join(root, 'node_modules', '.bin', 'esbuild'), [entryPoint, ...flags], { cwd: root, stdio: 'inherit' });
}

/** What is needed to build a function, beside its transformation. esbuild reads tsconfig.json. */
const SOURCES = ['handlers', 'lib', 'node_modules', 'package.json', 'tsconfig.json'];
/**
 * What the file of a transformation holds if there is none, but for comments. It declares `transformEvent`, so that a function that is
 * pasted below stops the build: it would not be run.
 */
export const NO_TRANSFORMATION = 'export const isEmpty = true;\nexport const transformEvent = undefined;\n';

/**
 * Builds a function with another transformation than that of the folder: in a copy of it, whose other parts are links.
 *
 * @param root the folder with the sources and node_modules
 * @param outdir an absolute path, which is emptied first
 * @param transformation the path of its file; `none` for none
 */
export function bundleWith(root: string, built: BuiltFunction, outdir: string, transformation: string): void {
  const copy = mkdtempSync(join(tmpdir(), 'with-transformation-'));
  try {
    for (const name of SOURCES) symlinkSync(join(root, name), join(copy, name));
    cpSync(join(root, 'transformation'), join(copy, 'transformation'), { recursive: true });
    const source = transformation === 'none' ? NO_TRANSFORMATION : readFileSync(transformation, 'utf8');
    writeFileSync(join(copy, 'transformation', 'transformation.js'), source);
    bundle(copy, built, 'out');
    rmSync(outdir, { recursive: true, force: true });
    cpSync(join(copy, 'out'), outdir, { recursive: true });
  } finally {
    rmSync(copy, { recursive: true, force: true });
  }
}

/**
 * Converts build properties to esbuild flags as SAM does: a string becomes the flag's value, true the flag without a value,
 * and each element of a list a flag of its own.
 *
 * @see https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/serverless-sam-cli-using-build-typescript.html
 */
function toFlags(properties: JsonObject): string[] {
  return Object.entries(properties).flatMap(([property, value]) => {
    if (property === 'EntryPoints') return [];
    const flag = `--${property.replaceAll(/(?<!^)(?=[A-Z])/g, '-').toLowerCase()}`;
    if (isArray(value)) return value.map((element) => `${flag}:${String(element)}`);
    if (value === true) return [flag];
    return value === false ? [] : [`${flag}=${String(value)}`];
  });
}

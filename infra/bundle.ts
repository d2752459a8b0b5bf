import { execFileSync } from 'node:child_process';
import { rmSync } from 'node:fs';
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

import { execFileSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { isArray, type JsonObject } from '../lib/json.ts';
import { builtFunctions, readTemplate, templateFiles } from './template.ts';

/**
 * Builds every function of template.yaml and its nested templates into dist/<function>/, with the same esbuild options as
 * `sam build`, so that the tests run what is deployed.
 */
const root = join(import.meta.dirname, '..');

const functions = templateFiles(root).flatMap((file) => builtFunctions(readTemplate(join(root, file))));
for (const { name, entryPoint, buildProperties } of functions) {
  const outdir = join('dist', name);
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

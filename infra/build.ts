import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { bundle, bundleWith } from './bundle.ts';
import { builtFunctions, readTemplate, templateFiles } from './template.ts';

/**
 * Builds every function of template.yaml and its nested templates into dist/<function>/. With `--transformation FILE` the forwarder
 * runs another transformation than that of this folder, and none with `--transformation none`: so do the tests.
 */
const root = join(import.meta.dirname, '..');
const { transformation } = parseArgs({ options: { transformation: { type: 'string' } } }).values;

for (const built of templateFiles(root).flatMap((file) => builtFunctions(readTemplate(join(root, file))))) {
  const outdir = join('dist', built.name);
  if (transformation === undefined || built.name !== 'forward') bundle(root, built, outdir);
  else bundleWith(root, built, join(root, outdir), transformation);
}

import { join } from 'node:path';
import { bundle } from './bundle.ts';
import { builtFunctions, readTemplate, templateFiles } from './template.ts';

/** Builds every function of template.yaml and its nested templates into dist/<function>/. */
const root = join(import.meta.dirname, '..');

for (const built of templateFiles(root).flatMap((file) => builtFunctions(readTemplate(join(root, file))))) {
  bundle(root, built, join('dist', built.name));
}

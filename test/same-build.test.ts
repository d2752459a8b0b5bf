import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bundle, NO_TRANSFORMATION } from '../infra/bundle.ts';
import { builtFunctions, readTemplate, templateFiles } from '../infra/template.ts';

const ROOT = join(__dirname, '..');
const functions = templateFiles(ROOT).flatMap((file) => builtFunctions(readTemplate(join(ROOT, file))));
const folders: string[] = [];
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true });
});

/** Every file in a folder with its content. */
function contentsOf(folder: string): ReadonlyMap<string, string> {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((file) => file.isFile());
  const paths = files.map((file) => join(file.parentPath, file.name)).toSorted();
  return new Map(paths.map((path) => [path.slice(folder.length), readFileSync(path, 'utf8')]));
}

/** A copy of the sources somewhere else. As in the second `sam build`, its node_modules is a link. */
function copyOfSources(): string {
  const folder = mkdtempSync(join(tmpdir(), 'same-build-'));
  folders.push(folder);
  // esbuild reads tsconfig.json: in a CommonJS bundle its `strict` becomes "use strict".
  for (const part of ['handlers', 'lib', 'transformation', 'package.json', 'tsconfig.json'])
    cpSync(join(ROOT, part), join(folder, part), { recursive: true });
  // As the tests are built, whatever transformation stands in this folder.
  writeFileSync(join(folder, 'transformation', 'transformation.js'), NO_TRANSFORMATION);
  symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
  return folder;
}

// Another name of a chunk would be a new version of the function, and a rollout for nothing.
test.each(functions)('$name is built to the same bytes in another folder, with linked packages', (built) => {
  const folder = copyOfSources();
  bundle(folder, built, join('out', 'of', built.name));
  const files = contentsOf(join(folder, 'out', 'of', built.name));
  expect([...files.keys()]).toEqual([...contentsOf(join(ROOT, 'dist', built.name)).keys()]);
  expect(files).toEqual(contentsOf(join(ROOT, 'dist', built.name)));
});

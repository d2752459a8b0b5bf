import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** The files of a bundle that are loaded with `file`, itself included, without what it imports on demand. */
export function filesLoadedWith(file: string, seen = new Set<string>()): ReadonlySet<string> {
  if (seen.has(file)) return seen;
  seen.add(file);
  const source = readFileSync(file, 'utf8');
  for (const [, path = ''] of source.matchAll(/(?:^|[;}\n])\s*import\s*(?:[^"'()]*?from\s*)?["'](\.[^"']+)["']/g)) {
    filesLoadedWith(join(dirname(file), path), seen);
  }
  return seen;
}

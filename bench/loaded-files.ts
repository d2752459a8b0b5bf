import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** The paths of `file` and all files that it imports statically. Dynamic imports are not followed. */
export function filesLoadedWith(file: string, seen = new Set<string>()): ReadonlySet<string> {
  if (seen.has(file)) return seen;
  seen.add(file);
  const source = readFileSync(file, 'utf8');
  for (const [, path = ''] of source.matchAll(/(?:^|[;}\n])\s*import\s*(?:[^"'()]*?from\s*)?["'](\.[^"']+)["']/g)) {
    filesLoadedWith(join(dirname(file), path), seen);
  }
  return seen;
}

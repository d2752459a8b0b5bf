import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { COMPILE_CACHE } from '../support/lambda-harness.ts';
import { ROOT } from './pages.ts';

/** `npm run docs:outputs` writes what has changed. */
test('the pages show what their commands print', async () => {
  for (const page of ['docs/command-line.md', 'docs/operations.md']) {
    expect(readFileSync(join(ROOT, page), 'utf8')).toMatch(/<!-- output/);
  }
  const environment = { ...process.env, ...COMPILE_CACHE };
  const args = [join('test', 'docs', 'outputs', 'main.ts'), '--check'];
  const { stdout } = await promisify(execFile)(process.execPath, args, { cwd: ROOT, env: environment });
  expect(stdout).toBe('docs/command-line.md is current\ndocs/operations.md is current\n');
});

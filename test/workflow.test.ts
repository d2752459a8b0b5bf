import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { valueAt } from '../lib/json.ts';

const ROOT = join(__dirname, '..');

describe('the workflow for adopters', () => {
  const source = readFileSync(join(ROOT, '.github', 'workflows', 'ci.yml'), 'utf8');
  const workflow: unknown = parse(source);
  const steps = (job: string): string => JSON.stringify(valueAt(workflow, ['jobs', job, 'steps']));

  test('tests, lints and builds with scripts that exist', () => {
    const { scripts } = Object(JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')));
    const called = [...source.matchAll(/npm run ([\w:]+)/g)].map(([, name = '']) => name);
    expect(called).toEqual(['typecheck', 'lint', 'lint:template']);
    for (const name of called) expect(Object.keys(scripts)).toContain(name);
    expect(steps('test')).toMatch(/npm ci.*npm test.*sam build/);
  });

  test('deploys through a protected environment, with OIDC and without keys', () => {
    expect(valueAt(workflow, ['jobs', 'deploy', 'environment'])).toBe('production');
    expect(valueAt(workflow, ['jobs', 'deploy', 'permissions', 'id-token'])).toBe('write');
    expect(valueAt(workflow, ['permissions'])).toEqual({ contents: 'read' });
    expect(steps('deploy')).toContain('role-to-assume');
    expect(source).not.toMatch(/aws-access-key-id|AWS_SECRET|secrets\./i);
  });
});

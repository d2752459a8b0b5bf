import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { isArray, valueAt } from '../lib/json.ts';
import { readOverrides } from './support/sam-overrides.ts';

const ROOT = join(__dirname, '..');

describe('the workflow for adopters', () => {
  const source = readFileSync(join(ROOT, '.github', 'workflows', 'ci.yml'), 'utf8');
  const workflow: unknown = parse(source);
  const header = source.slice(0, source.indexOf('\nname:'));
  const stepsOf = (job: string): readonly unknown[] => {
    const steps = valueAt(workflow, ['jobs', job, 'steps']);
    return isArray(steps) ? steps : [];
  };
  const steps = (job: string): string => JSON.stringify(stepsOf(job));

  test('tests, lints and builds with scripts that exist', () => {
    const { scripts } = Object(JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')));
    const called = [...source.slice(header.length).matchAll(/npm run ([\w:]+)/g)].map(([, name = '']) => name);
    expect(called).toEqual(['typecheck', 'lint', 'lint:template', 'test:runtime']);
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

  test('deploys what was tested, and builds nothing', () => {
    expect(valueAt(workflow, ['jobs', 'deploy', 'needs'])).toBe('test');
    expect(steps('deploy')).not.toMatch(/sam build|npm /);
    const artifact = (job: string) =>
      stepsOf(job)
        .filter((step) => /load-artifact@/.test(String(valueAt(step, ['uses']))))
        .map((step) => [valueAt(step, ['with', 'name']), valueAt(step, ['with', 'path'])]);
    expect(artifact('test')).toEqual([['sam-build', '.aws-sam/build']]);
    expect(artifact('deploy')).toEqual(artifact('test'));
    // A folder whose name begins with a dot is left out otherwise.
    expect(steps('test')).toContain('"include-hidden-files":true');
    expect(steps('test').indexOf('sam build')).toBeLessThan(steps('test').indexOf('upload-artifact@'));
  });

  test('every action is pinned to a commit, and every tool to a version', () => {
    const uses = [...source.matchAll(/uses: (\S+)(.*)/g)];
    expect(uses.length).toBeGreaterThan(5);
    for (const [, action, comment] of uses) {
      expect(action).toMatch(/@[0-9a-f]{40}$/);
      expect(comment).toMatch(/^ # v\d/);
    }
    const commits = new Map(uses.map(([, action = '']) => [action.split('@')[0], action]));
    expect(new Set(uses.map(([, action]) => action)).size).toBe(commits.size);
    for (const version of Object.values(Object(valueAt(workflow, ['env'])))) expect(version).toMatch(/^\d+\.\d+\.\d+$/);
    for (const job of ['test', 'deploy']) expect(steps(job)).toContain('"version":"${{ env.SAM_VERSION }}"');
    expect(steps('test')).toContain('cfn-lint==$CFN_LINT_VERSION');
    expect(steps('test')).toContain('aws-lambda-ric@$LAMBDA_RUNTIME_CLIENT_VERSION');
  });

  test('the header names every variable that is read, and where the one stands that decides about the job', () => {
    const read = [...source.matchAll(/\bvars\.(\w+)/g)].map(([, name]) => name);
    const named = [...header.matchAll(/^# {3}([A-Z_]+) /gm)].map(([, name]) => name);
    expect(named.toSorted()).toEqual([...new Set(read)].toSorted());
    expect(header).toMatch(/DEPLOY +`true`\. A variable of the repository/);
    const inConditions = [...source.matchAll(/^ +if: .*$/gm)].join('\n').match(/vars\.\w+/g);
    expect(inConditions).toEqual(['vars.DEPLOY']);
  });

  test('passes the parameters as one word, so that an empty variable changes nothing', () => {
    expect(steps('deploy')).toContain('--parameter-overrides \\"$STACK_PARAMETERS\\"');
    expect(readOverrides([''])).toEqual({});
    const example = /`(HeapAppId=[^`]+)`/.exec(header)?.[1] ?? '';
    expect(readOverrides([example])).toEqual({ HeapAppId: '1234567890', AlarmEmail: 'you@example.com' });
  });
});

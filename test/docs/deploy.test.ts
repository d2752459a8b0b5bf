import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { readTemplate } from '../../infra/template.ts';
import { valueAt } from '../../lib/json.ts';
import { readPage, ROOT } from './pages.ts';

const page = readPage('docs/deploy.md').text;
const parameters = Object.entries(Object(readTemplate(join(ROOT, 'template.yaml'))['Parameters']));

/** The cells of the row about a parameter. */
function rowOf(name: string): readonly string[] | undefined {
  const line = page.split('\n').find((one) => one.startsWith(`| \`${name}\` `));
  return line
    ?.split('|')
    .slice(1, -1)
    .map((cell) => cell.trim());
}

test.each(parameters)('the table has %s with its default, its values and its description', (name, parameter) => {
  const text = (key: string): string => {
    const value = valueAt(parameter, [key]);
    return typeof value === 'string' || typeof value === 'number' ? String(value) : '';
  };
  const allowed = valueAt(parameter, ['AllowedValues']);
  const range = valueAt(parameter, ['MinValue']) === undefined ? '' : `${text('MinValue')} to ${text('MaxValue')}`;
  expect(rowOf(name)).toEqual([
    `\`${name}\``,
    text('Default') === '' ? '' : `\`${text('Default')}\``,
    Array.isArray(allowed) ? allowed.join(', ') : range,
    text('Description'),
  ]);
});

test('the table has no parameter that the template does not have', () => {
  const section = page.slice(page.indexOf('\n## Parameters'), page.indexOf('\n## Limits'));
  const named = [...section.matchAll(/^\| `(\w+)` /gm)].map(([, name]) => name);
  expect(named.toSorted()).toEqual(parameters.map(([name]) => name).toSorted());
});

test('the policies of the page are valid JSON', () => {
  const policies = [...page.matchAll(/^```json\n([\s\S]+?)^```/gm)].map(([, policy = '']) => policy);
  expect(policies.length).toBeGreaterThanOrEqual(3);
  for (const policy of policies) expect(JSON.parse(policy)).toEqual(expect.any(Object));
});

test('every action of every workflow is the same commit', () => {
  const folder = join(ROOT, '.github', 'workflows');
  const uses = readdirSync(folder).flatMap((file) =>
    [...readFileSync(join(folder, file), 'utf8').matchAll(/uses: (\S+)@(\S+)/g)].map(([, action = '', commit = '']) => [
      action,
      commit,
    ]),
  );
  for (const [action, commit] of uses) {
    expect(commit).toMatch(/^[0-9a-f]{40}$/);
    expect(new Set(uses.filter(([other]) => other === action).map(([, one]) => one)).size).toBe(1);
  }
});

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { CHARTS, writePage } from '../../simulation/report/page.ts';
import { mergeResults, readResults } from '../../simulation/results-file.ts';
import { SCENARIOS } from '../../simulation/scenarios/year.ts';

const DOCS = join(__dirname, '..', '..', 'docs');
const RESULTS = readResults();

test('docs/comparison.md is what the results make; npm run simulate -- --page remakes it', () => {
  expect(writePage(RESULTS)).toBe(readFileSync(join(DOCS, 'comparison.md'), 'utf8'));
});

test.each(SCENARIOS.filter(({ name }) => RESULTS.some(({ scenario }) => scenario === name)))(
  'the chart of $name has a line for each system and one for what was sent',
  ({ name, title }) => {
    const svg = readFileSync(join(DOCS, CHARTS, `${name}.svg`), 'utf8');
    const systems = new Set(RESULTS.filter(({ scenario }) => scenario === name).map(({ system }) => system));
    expect(svg).toContain(`aria-label="${title}"`);
    expect(svg.match(/aria-roledescription="line mark container"/g)).toHaveLength(systems.size + 1);
  },
);

test('later results take the place of earlier ones of the same scenario, system and seed', () => {
  const [first, second] = RESULTS;
  if (first === undefined || second === undefined) throw new Error('no results');
  const later = { ...first, lost: first.lost + 1 };
  expect(mergeResults([first, second], [later])).toEqual([later, second]);
});

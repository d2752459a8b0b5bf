import type { Result } from '../result.ts';
import type { Scenario } from '../scenarios/scenario.ts';
import { QUIET_DAY, SCENARIOS } from '../scenarios/year.ts';
import { SYSTEMS } from '../systems/all.ts';
import type { System } from '../systems/system.ts';
import { markdownTable } from './markdown.ts';
import { showCount, showSeconds, showSpread, spreadOf } from './numbers.ts';
import { PREFACE } from './preface.ts';
import { addUpYear, type Year, type YearFigure } from './year.ts';

/** Where the page finds the charts, from docs/. */
export const CHARTS = 'comparison';

const NOTHING = '–';

/** Writes docs/comparison.md. */
export function writePage(results: readonly Result[]): string {
  const isMeasured = ({ name }: Scenario): boolean => results.some(({ scenario }) => scenario === name);
  const measured = SCENARIOS.filter(isMeasured);
  const inYear = measured.filter(({ timesAYear }) => timesAYear > 0);
  const outside = measured.filter(({ timesAYear }) => timesAYear === 0);
  return [
    PREFACE,
    `## What was measured\n\n${describeRuns(results)}`,
    `## The year\n\n${yearTable(results)}\n\n${YEAR_NOTES}`,
    `## Lost events by incident\n\nGood events that are given up and not in Heap, in one incident: least – median – most of the seeds.\n\n${lostTable(inYear, results)}`,
    `## The incidents\n\n${INCIDENT_NOTES}`,
    ...inYear.map((scenario) => section(scenario, results)),
    '## Outside of the year\n\nHarder cases, which count for nothing in the table of the year.',
    ...outside.map((scenario) => section(scenario, results)),
    '',
  ].join('\n\n');
}

const YEAR_NOTES = `- **Lost**: good events that are given up and not in Heap. Dead letters can be sent again by hand; RudderStack keeps no aborted events.
- **Given up though in Heap**: good events that are given up after Heap has stored them, because the answer was lost. Sending them again counts
  them twice, unless they have an idempotency key.
- **Stored more than once**: Heap drops the second one if it has the same idempotency key. This project always sends one; the two sample
  functions and RudderStack send what the event has, which is usually none.
- **GB-seconds** are what Lambda is paid by, with 512 MB for every function. RudderStack's own servers cost something else.`;

const INCIDENT_NOTES = `p50 and p99 are times from sending an event to Heap's storing it, of the good events that are stored. All figures are medians of the seeds. The
shaded span in a chart is the time in which something is wrong.`;

function resultsOf(results: readonly Result[], scenario: Scenario, system: System): readonly Result[] {
  return results.filter((result) => result.scenario === scenario.name && result.system === system.name);
}

function describeRuns(results: readonly Result[]): string {
  const seeds = [...new Set(results.map(({ seed }) => seed))].toSorted((a, b) => a - b);
  const commits = SYSTEMS.flatMap(({ name, title }) => {
    const of = new Set(results.filter(({ system }) => system === name).map(({ commit }) => `\`${commit}\``));
    return of.size === 0 ? [] : [`${title} ${[...of].join(', ')}`];
  });
  return `Seeds ${seeds.join(', ')}. A seed decides the events, Heap's latencies and every random fault. It gives every system the same events.
Commits: ${commits.join('; ')}.`;
}

const YEAR_COLUMNS: readonly (readonly [YearFigure, string])[] = [
  ['lost', 'lost'],
  ['givenUpThoughStored', 'given up though in Heap'],
  ['twice', 'stored more than once'],
  ['overLimits', 'requests over limits'],
  ['requests', 'requests'],
  ['gbSeconds', 'GB-seconds'],
  ['receives', 'SQS receives'],
];

function yearTable(results: readonly Result[]): string {
  const years = SYSTEMS.map((system) => ({ system, years: yearsOf(system, results) }));
  const [first] = years.flatMap(({ years: all }) => all);
  const count =
    first === undefined
      ? ''
      : `${showCount(first.events)} events, ${showCount(first.badEvents)} of which Heap refuses. `;
  const rows = years.map(({ system, years: all }) => [
    system.title,
    ...YEAR_COLUMNS.map(([figure]) =>
      all.length === 0
        ? NOTHING
        : showSpread(
            all.map((year) => year[figure]),
            showCount,
          ),
    ),
  ]);
  return `${count}Least – median – most of the seeds.\n\n${markdownTable(['', ...YEAR_COLUMNS.map(([, title]) => title)], rows)}`;
}

/** The year of each seed that has all results. */
function yearsOf(system: System, results: readonly Result[]): readonly Year[] {
  const seeds = new Set(results.map(({ seed }) => seed));
  return [...seeds].flatMap((seed) => {
    const year = addUpYear(SCENARIOS, QUIET_DAY, (scenario) =>
      resultsOf(results, scenario, system).find((result) => result.seed === seed),
    );
    return year === undefined ? [] : [year];
  });
}

function lostTable(scenarios: readonly Scenario[], results: readonly Result[]): string {
  const rows = scenarios.map((scenario) => [
    `[${scenario.name}](#${scenario.name})`,
    String(scenario.timesAYear),
    ...SYSTEMS.map((system) => {
      const of = resultsOf(results, scenario, system).map(({ lost }) => lost);
      return of.length === 0 ? NOTHING : showSpread(of, showCount);
    }),
  ]);
  return markdownTable(['incident', 'times a year', ...SYSTEMS.map(({ title }) => title)], rows);
}

function section(scenario: Scenario, results: readonly Result[]): string {
  const rows = SYSTEMS.map((system) => incidentRow(system, resultsOf(results, scenario, system)));
  const any = results.find((result) => result.scenario === scenario.name);
  return `### ${scenario.name}

${scenario.title}. ${describeTraffic(scenario, any)} ${describeSource(scenario)}

${markdownTable(['', 'p50', 'p99', 'lost', 'stored twice', 'requests', 'over limits', 'GB-seconds'], rows)}

![${scenario.title}: good events in Heap over time](${CHARTS}/${scenario.name}.svg)`;
}

function incidentRow(system: System, results: readonly Result[]): readonly string[] {
  if (results.length === 0) return [system.title, ...Array.from({ length: 7 }, () => NOTHING)];
  const median = (figure: (result: Result) => number): number => spreadOf(results.map(figure)).median;
  return [
    system.title,
    showSeconds(median(({ p50 }) => p50)),
    showSeconds(median(({ p99 }) => p99)),
    showCount(median(({ lost }) => lost)),
    showCount(median(({ twice }) => twice)),
    showCount(median(({ requests }) => requests)),
    showCount(median(({ overLimits }) => overLimits)),
    showCount(median(({ gbSeconds }) => gbSeconds)),
  ];
}

function describeTraffic({ traffic, timesAYear }: Scenario, result: Result | undefined): string {
  const events = result === undefined ? '' : ` with ${showCount(result.events)} events`;
  const often = ['Never', 'Once', 'Twice'][timesAYear] ?? `${timesAYear} times`;
  const times = timesAYear === 0 ? '' : ` ${often} a year.`;
  return `${traffic.hours} hours from ${traffic.startsAtHour}:00${events}.${times}`;
}

function describeSource({ source }: Scenario): string {
  if (source.kind === 'assumed') return 'Assumed.';
  const assumed = source.assumed === undefined ? '' : ` Assumed: ${source.assumed}.`;
  return `Source: <${source.url}>.${assumed}`;
}

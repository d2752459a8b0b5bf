import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { CallerError } from '../cli/caller-error.ts';
import { reportToCaller } from '../cli/report-to-caller.ts';
import { table } from '../cli/table.ts';
import { drawChart } from './report/chart.ts';
import { showCount, showSeconds } from './report/numbers.ts';
import { CHARTS, writePage } from './report/page.ts';
import { firstSeedOf, mergeResults, readResults, writeResults } from './results-file.ts';
import type { Result } from './result.ts';
import { runAll } from './run-all.ts';
import type { Run } from './run.ts';
import { SCENARIOS } from './scenarios/year.ts';
import { SYSTEMS } from './systems/all.ts';

const HELP = `Simulates a year of incidents in virtual time: this project, RudderStack's router and two usual Lambda functions.

  npm run simulate                                    runs everything with one seed, and prints the figures
  npm run simulate -- --scenario out36,oct28          some incidents; --list names them, two more among them that take many minutes
  npm run simulate -- --system forwarder              one system, or several separated by commas
  npm run simulate -- --seed 1,2,3                    several seeds
  npm run simulate -- --jobs 2                        runs at once; 1 if left out
  npm run simulate -- --quick                         a tenth of the traffic: a first look, not for the page
  npm run simulate -- --json                          prints each result as a line of JSON
  npm run simulate -- --page                          remakes docs/comparison.md from the results that are kept, and runs nothing;
                                                      with --check it only says whether the page and its charts differ
  npm run simulate -- --write                         also keeps the results, of seeds 1, 2 and 3 if none is given,
                                                      and remakes docs/comparison.md from all that are kept`;

const DOCS = join(import.meta.dirname, '..', 'docs');
const QUICK_SCALE = 0.1;

await reportToCaller(async () => {
  const { values } = parseArgs({
    options: {
      scenario: { type: 'string' },
      system: { type: 'string' },
      seed: { type: 'string' },
      jobs: { type: 'string', default: '1' },
      quick: { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
      write: { type: 'boolean', default: false },
      page: { type: 'boolean', default: false },
      check: { type: 'boolean', default: false },
      list: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.check && !values.page) throw new CallerError('--check is for --page');
  if (values.quick && values.write) throw new CallerError('--quick and --write exclude each other');
  const usual = SCENARIOS.filter(({ isOnRequest }) => isOnRequest !== true);
  const scenarios = chosen('scenario', values.scenario, values.scenario === undefined ? usual : SCENARIOS);
  const systems = chosen('system', values.system, SYSTEMS);
  const seeds = readSeeds(values.seed ?? (values.write ? '1,2,3' : '1'));
  const jobs = readWholeNumber('--jobs', values.jobs);
  if (values.help || values.list) {
    console.log(values.help ? HELP : listScenarios());
    return;
  }
  if (values.page) {
    await (values.check ? checkPage : remakePage)(readResults());
    return;
  }
  const commit = currentCommit();
  const scale = values.quick ? QUICK_SCALE : 1;
  const runs = seeds.flatMap((seed) =>
    scenarios.flatMap((scenario) => systems.map((system): Run => ({ scenario, system, seed, scale, commit }))),
  );
  const results: Result[] = [];
  await runAll(runs, jobs, (result, tookMs) => {
    results.push(result);
    process.stderr.write(`${results.length}/${runs.length}  ${describe(result, tookMs)}\n`);
    if (values.json) console.log(JSON.stringify(result));
    // What is done is kept if the rest is interrupted.
    if (values.write) writeResults(mergeResults(readResults(), [result]));
  });
  if (!values.json) console.log(showTable(results));
  if (values.write) await remakePage(readResults());
});

function listScenarios(): string {
  return table(
    ['name', 'times a year', 'what happens'],
    SCENARIOS.map(({ name, timesAYear, title }) => [name, String(timesAYear), title]),
  );
}

/** The names that an option gives, or all. */
function chosen(
  option: string,
  given: string | undefined,
  all: readonly { readonly name: string }[],
): readonly string[] {
  const names = all.map(({ name }) => name);
  if (given === undefined) return names;
  const wanted = given.split(',');
  const unknown = wanted.find((name) => !names.includes(name));
  if (unknown !== undefined) throw new CallerError(`unknown ${option} ${unknown}, expected one of ${names.join(', ')}`);
  return wanted;
}

function readSeeds(given: string): readonly number[] {
  return given.split(',').map((seed) => readWholeNumber('--seed', seed));
}

function readWholeNumber(option: string, given: string): number {
  if (!/^[1-9]\d*$/.test(given)) throw new CallerError(`${option} has to be a whole number from 1, not ${given}`);
  return Number(given);
}

/** The commit of the working tree, with a mark if lib/ or simulation/ has changes that are not committed. */
function currentCommit(): string {
  const isChanged = git('status', '--porcelain', '--', '../lib', '.', ':!results.json') !== '';
  return `${git('rev-parse', '--short', 'HEAD')}${isChanged ? ' with changes' : ''}`;
}

function git(...command: string[]): string {
  return execFileSync('git', command, { cwd: import.meta.dirname, encoding: 'utf8' }).trim();
}

function describe({ scenario, system, seed, events }: Result, tookMs: number): string {
  return `${scenario}  ${system}  seed ${seed}  ${showCount(events)} events in ${showSeconds(tookMs / 1000)}`;
}

function showTable(results: readonly Result[]): string {
  const head = [
    'scenario',
    'system',
    'seed',
    'lost',
    'left',
    'twice',
    'p50',
    'p99',
    'longest',
    'requests',
    'over',
    'GB-s',
    'receives',
  ];
  return table(
    head,
    results.map((result) => [
      result.scenario,
      result.system,
      ...[result.seed, result.lost, result.left, result.twice].map(String),
      ...[result.p50, result.p99, result.longest].map(showSeconds),
      ...[result.requests, result.overLimits, result.gbSeconds, result.receives].map(String),
    ]),
  );
}

/** The page and one chart for each incident, by their paths in docs/. */
async function pageOf(results: readonly Result[]): Promise<ReadonlyMap<string, string>> {
  const files = new Map([['comparison.md', writePage(results)]]);
  const firstSeed = firstSeedOf(results);
  for (const scenario of SCENARIOS) {
    const drawn = results.filter((result) => result.scenario === scenario.name && result.seed === firstSeed);
    if (drawn.length > 0) files.set(join(CHARTS, `${scenario.name}.svg`), await drawChart(scenario, drawn));
  }
  return files;
}

async function remakePage(results: readonly Result[]): Promise<void> {
  const files = await pageOf(results);
  mkdirSync(join(DOCS, CHARTS), { recursive: true });
  for (const chart of chartsInDocs()) if (!files.has(chart)) rmSync(join(DOCS, chart));
  for (const [path, content] of files) writeFileSync(join(DOCS, path), content);
}

/** Says what is not as the results make it, and writes nothing. */
async function checkPage(results: readonly Result[]): Promise<void> {
  const files = await pageOf(results);
  const paths = new Set([...files.keys(), ...chartsInDocs()]);
  for (const path of paths) {
    const file = join(DOCS, path);
    const current = existsSync(file) ? readFileSync(file, 'utf8') : undefined;
    if (current === files.get(path)) continue;
    console.log(`docs/${path} differs`);
    process.exitCode = 1;
  }
}

function chartsInDocs(): readonly string[] {
  const charts = readdirSync(join(DOCS, CHARTS)).filter((file) => file.endsWith('.svg'));
  return charts.map((file) => join(CHARTS, file));
}

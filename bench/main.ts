import { fork } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { reportToCaller } from '../cli/report-to-caller.ts';
import { ROWS, ON_REQUEST } from './measure-row.ts';
import { isMet, ratioOf, type Figure, type Row } from './row.ts';
import { CallerError } from '../cli/caller-error.ts';

const HELP = `Measures the function's performance. Each row has a baseline that is measured in the same run.

  npm run bench                       prints the table, compared with bench/result.json
  npm run bench -- --json             prints the rows as JSON
  npm run bench -- --save             also saves the result in bench/result.json
  npm run bench -- --only invocation  measures one row; several are separated by commas
  npm run bench -- --only backfill    sends a million events through heapq enqueue; takes minutes
  npm run bench -- --only hostile-memory  all hostile batches of the tests; takes minutes
  npm run bench -- --only rudderstack  beside RudderStack's own code, a built clone of which RUDDER_TRANSFORMER names
  npm run bench -- --seconds 20       measures longer, for steadier medians`;

const RESULT = join(import.meta.dirname, 'result.json');
const MEASURE_ROW = join(import.meta.dirname, 'measure-row.ts');

interface Result {
  readonly machine: string;
  readonly rows: readonly Row[];
}

await reportToCaller(async () => {
  const { values } = parseArgs({
    options: {
      json: { type: 'boolean', default: false },
      save: { type: 'boolean', default: false },
      only: { type: 'string' },
      seconds: { type: 'string', default: '10' },
      help: { type: 'boolean', default: false },
    },
  });
  const wanted = values.only?.split(',');
  const unknown = wanted?.find((name) => !Object.hasOwn(ROWS, name));
  if (unknown !== undefined) {
    throw new CallerError(`unknown row ${unknown}, expected one of ${Object.keys(ROWS).join(', ')}`);
  }
  if (values.help) {
    console.log(HELP);
    return;
  }
  const rows: Row[] = [];
  const names = wanted ?? Object.keys(ROWS).filter((name) => !ON_REQUEST.has(name));
  for (const name of names) {
    process.stderr.write(`${name} …\n`);
    rows.push(...(await measureRow(name, values.seconds)));
  }
  const result: Result = { machine: `${cpus().length} × ${cpus()[0]?.model ?? '?'}, Node ${process.version}`, rows };
  if (values.json) console.log(JSON.stringify(result, undefined, 2));
  else printTable(result, readEarlier());
  if (values.save) writeFileSync(RESULT, `${JSON.stringify(result, roundNumbers, 2)}\n`);
});

/** Measures one row in a process of its own. What the function logs is discarded. */
async function measureRow(name: string, seconds: string): Promise<readonly Row[]> {
  const child = fork(MEASURE_ROW, [name, seconds], { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
  const ended = once(child, 'exit').then(([code]: unknown[]) => {
    throw new CallerError(`${name} could not be measured: its process ended with ${String(code)}`);
  });
  const [rows] = await Promise.race([once(child, 'message'), ended]);
  return rows;
}

/** Rounds to four significant digits: the others are noise. */
function roundNumbers(_: string, value: unknown): unknown {
  return typeof value === 'number' ? Number(value.toPrecision(4)) : value;
}

function readEarlier(): Result | undefined {
  try {
    return JSON.parse(readFileSync(RESULT, 'utf8'));
  } catch {
    return undefined;
  }
}

function printTable({ machine, rows }: Result, earlier: Result | undefined): void {
  console.log(`${machine}\n`);
  for (const row of rows) {
    const before = earlier?.rows.find(({ what }) => what === row.what);
    const met = isMet(row);
    const verdict = met === undefined ? '' : `   goal ${describeGoal(row)}: ${met ? 'met' : 'NOT met'}`;
    const compared = before === undefined ? '' : `   (before: ${ratioOf(before).toFixed(3)} ×)`;
    console.log(row.what);
    console.log(`  ${describe(row.measured)}`);
    console.log(`  ${describe(row.baseline)}`);
    console.log(`  ${ratioOf(row).toFixed(3)} × the baseline${verdict}${compared}`);
    for (const note of row.notes ?? []) console.log(`  ${note}`);
    console.log();
  }
}

function describe({ value, unit, what, spread }: Figure): string {
  const shown = value >= 1000 ? Math.round(value).toLocaleString('en') : value.toFixed(value >= 100 ? 0 : 2);
  return `${shown} ${unit}${spread === undefined ? '' : ` ± ${Math.round(spread * 100)} %`}   ${what}`;
}

function describeGoal({ goal, measured }: Row): string {
  if (goal.of === 'nothing') return '';
  const [sign, value] = 'atMost' in goal ? ['≤', goal.atMost] : ['≥', goal.atLeast];
  return `${sign} ${value.toLocaleString('en')}${goal.of === 'ratio' ? ' ×' : ` ${measured.unit}`}`;
}

import { parseArgs } from 'node:util';
import fc from 'fast-check';
import { brokenPromises, checkSchedule } from './check.ts';
import { schedules } from './schedule.ts';

const HELP = `More random schedules than npm test has time for. A failure prints the seed and path that replay it.

  npm run test:chaos -- --runs 100000          as many; 10,000 if left out
  npm run test:chaos -- --seed 1 --path 2:3    replays one
  npm run test:chaos -- --list                 shrinks nothing: runs every schedule, and lists the broken ones by number
  npm run test:chaos -- --seed 1 --show 17     prints one of these`;

const { values } = parseArgs({
  options: {
    runs: { type: 'string', default: '10000' },
    seed: { type: 'string' },
    path: { type: 'string' },
    list: { type: 'boolean', default: false },
    show: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
});
const runs = Number(values.runs);
const seed = values.seed === undefined ? Date.now() : Number(values.seed);
const startedAt = performance.now();

if (values.help) console.log(HELP);
else if (values.show !== undefined) await show(Number(values.show));
else if (values.list) await list();
else {
  const path = values.path === undefined ? {} : { path: values.path };
  await fc.assert(fc.asyncProperty(schedules, checkSchedule), { numRuns: runs, seed, ...path });
  console.log(`${runs} schedules, ${speed()}: every promise was kept.`);
}

async function list(): Promise<void> {
  const kinds = new Map<string, number>();
  let failed = 0;
  for (const [number, schedule] of fc.sample(schedules, { numRuns: runs, seed }).entries()) {
    const broken = await brokenPromises(schedule);
    if (broken.length === 0) continue;
    failed += 1;
    for (const kind of new Set(broken.map(kindOf))) kinds.set(kind, (kinds.get(kind) ?? 0) + 1);
    console.log(`${number}: ${broken.length} promises broken, the first: ${broken[0]?.slice(0, 300)}`);
  }
  console.log(`\nseed ${seed}: ${failed} of ${runs} schedules failed, ${speed()}`);
  for (const [kind, count] of [...kinds].toSorted(([, a], [, b]) => b - a)) console.log(`${count} × ${kind}`);
  if (failed > 0) process.exitCode = 1;
}

async function show(number: number): Promise<void> {
  const schedule = fc.sample(schedules, { numRuns: number + 1, seed })[number];
  if (schedule === undefined) throw new Error(`there is no schedule ${number}`);
  console.log(JSON.stringify(schedule, (_, value: unknown) => (value === Infinity ? 'Infinity' : value), 1));
  for (const broken of await brokenPromises(schedule)) console.log(broken);
}

/** A broken promise without what differs between two schedules. */
function kindOf(broken: string): string {
  return broken
    .replace(/(?:SQS (?:moved|deleted)|two dead letters for|without a reason:).*/s, (text) => text.slice(0, 24))
    .replaceAll(/message-\d+/g, 'message')
    .replaceAll(/<[\d.]+>/g, '<…>')
    .replaceAll(/\d+(?:\.\d+)?/g, 'N')
    .slice(0, 140);
}

function speed(): string {
  const seconds = (performance.now() - startedAt) / 1000;
  return `${seconds.toFixed(1)} s, ${(runs / seconds).toFixed(1)} a second`;
}

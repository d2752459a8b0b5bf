import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { parameterDefault, readTemplate } from '../../infra/template.ts';
import { runBacklog } from './backlog.ts';
import { alternatives, billOf, eventsInBatch, totalOf, type Bill, type Invocation, type Situation } from './bill.ts';
import { measureInvocations } from './measure.ts';

const HELP = `Prints what a million events cost by AWS's list prices, as tables in Markdown.

  npm run cost                                   with the template's defaults
  npm run cost -- --heap-ms 800 --memory 256     with a slower Heap and another MemorySize`;

const RATES = [1, 10, 100, 1000];
const WINDOWS = [1, 5, 20];
/** A message of the HTTP endpoint or of heapq enqueue holds many events. */
const PACKED = 50;
const BACKLOG_EVENTS = 60_000;
/** A function with this timeout gives back what would have to wait for more than about three seconds. */
const HASTY_TIMEOUT_MS = 4000;
const PATIENT_TIMEOUT_MS = 60_000;
const PARTS = ['SQS', 'Lambda', 'logs'];

const { values } = parseArgs({
  options: {
    'heap-ms': { type: 'string', default: '300' },
    memory: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
});
if (values.help) console.log(HELP);
else await printAll(Number(values['heap-ms']), values.memory === undefined ? undefined : Number(values.memory));

async function printAll(heapMs: number, memory: number | undefined): Promise<void> {
  const template = readTemplate(join(import.meta.dirname, '..', '..', 'template.yaml'));
  const numberOf = (name: string): number => Number(parameterDefault(template, name));
  const defaults = {
    eventsPerMessage: 1,
    batchSize: numberOf('BatchSize'),
    batchWindowSeconds: numberOf('BatchWindowSeconds'),
    memoryMb: memory ?? numberOf('MemorySize'),
    heapMs,
    roundTrips: 2,
  };
  const invocationOf = await measureInvocations();
  printWindows(defaults, invocationOf);
  printLevers(defaults, invocationOf);
  await printBacklog(defaults, numberOf('MaximumConcurrency'), invocationOf(1000));
  printAlternatives({ ...defaults, eventsPerSecond: 100 }, invocationOf);
}

type InvocationOf = (events: number) => Invocation;

/** The bill by rate and window. */
function printWindows(defaults: Omit<Situation, 'eventsPerSecond'>, invocationOf: InvocationOf): void {
  const rows = RATES.flatMap((eventsPerSecond) =>
    WINDOWS.map((batchWindowSeconds) => {
      const situation = { ...defaults, eventsPerSecond, batchWindowSeconds };
      const bill = billOf(situation, invocationOf);
      return [eventsPerSecond, batchWindowSeconds, eventsInBatch(situation), ...dollarsOf(bill)].map(String);
    }),
  );
  const head = ['events a second', '`BatchWindowSeconds`', 'events in a batch', ...PARTS, 'a million events'];
  printTable('By rate and window', head, rows);
}

/** The total by rate, with one thing changed at a time. */
function printLevers(defaults: Omit<Situation, 'eventsPerSecond'>, invocationOf: InvocationOf): void {
  const levers: readonly (readonly [string, Partial<Situation>])[] = [
    ['defaults', {}],
    ['`BatchWindowSeconds=20`', { batchWindowSeconds: 20 }],
    ['`BatchSize=10000`', { batchSize: 10_000 }],
    [`${PACKED} events a message`, { eventsPerMessage: PACKED }],
    ['`MemorySize=256`', { memoryMb: 256 }],
    ['no user properties', { roundTrips: 1 }],
  ];
  const rows = RATES.map((eventsPerSecond) => [
    String(eventsPerSecond),
    ...levers.map(([, change]) => dollars(totalOf(billOf({ ...defaults, ...change, eventsPerSecond }, invocationOf)))),
  ]);
  printTable('One thing changed', ['events a second', ...levers.map(([name]) => name)], rows);
}

async function printBacklog(
  { heapMs, memoryMb }: Pick<Situation, 'heapMs' | 'memoryMb'>,
  maximumConcurrency: number,
  invocation: Invocation,
): Promise<void> {
  const rows: string[][] = [];
  for (const eventsPerMessage of [1, PACKED]) {
    for (const [what, timeoutMs] of [
      ['waits in the function', PATIENT_TIMEOUT_MS],
      ['gives back', HASTY_TIMEOUT_MS],
    ] as const) {
      const options = {
        events: BACKLOG_EVENTS,
        eventsPerMessage,
        timeoutMs,
        heapMs,
        memoryMb,
        maximumConcurrency,
        invocation,
      };
      const { bill, billedSeconds, receives, p50, p99 } = await runBacklog(options);
      const figures = [billedSeconds.toFixed(0), receives.toFixed(2), `${p50.toFixed(0)} s`, `${p99.toFixed(0)} s`];
      rows.push([String(eventsPerMessage), what, ...figures, ...dollarsOf(bill)]);
    }
  }
  const figures = ['billed seconds', 'receives of a message', 'p50', 'p99'];
  printTable('A backlog', ['events a message', 'the wait', ...figures, ...PARTS, 'a million events'], rows);
}

function printAlternatives(situation: Situation, invocationOf: InvocationOf): void {
  const own = { what: 'this stack, 100 events a second', dollars: totalOf(billOf(situation, invocationOf)) };
  const rows = [own, ...alternatives()].map((one) => [one.what, dollars(one.dollars)]);
  printTable('Other ways', ['way', 'a million events'], rows);
}

function dollars(amount: number): string {
  return `$${amount.toFixed(3)}`;
}

function dollarsOf(bill: Bill): readonly string[] {
  return [bill.sqs, bill.lambda, bill.logs, totalOf(bill)].map(dollars);
}

function printTable(title: string, head: readonly string[], rows: readonly (readonly string[])[]): void {
  const lines = [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`);
  console.log(`${title}\n\n${lines.join('\n')}\n`);
}

import { join } from 'node:path';
import { parameterDefault, readTemplate } from '../../infra/template.ts';
import { markdownTable } from '../markdown-table.ts';
import { billOfBacklog, type BacklogBill } from './backlog.ts';
import { alternatives, billOf, destinationBills, eventsInBatch, totalOf, type Bill, type Situation } from './bill.ts';
import { invocationOf } from './measure.ts';
import { describePrice, PRICES } from './prices.ts';
import type { CostResult } from './result-file.ts';

/** A table with its title. */
export interface CostTable {
  readonly title: string;
  readonly table: string;
}

const RATES = [1, 10, 100, 1000];
const WINDOWS = [1, 5, 20];
/** A message of the HTTP endpoint or of heapq enqueue holds many events. */
const PACKED = 50;
const PARTS = ['SQS', 'Lambda', 'logs'];

/** One thing that differs from the template's defaults. The first is nothing. */
const LEVERS = [
  ['defaults', {}],
  ['`BatchWindowSeconds=20`', { batchWindowSeconds: 20 }],
  ['`BatchSize=10000`', { batchSize: 10_000 }],
  [`${PACKED} events a message`, { eventsPerMessage: PACKED }],
  ['`MemorySize=256`', { memoryMb: 256 }],
  ['no user properties', { roundTrips: 1 }],
] as const satisfies readonly (readonly [string, Partial<Situation>])[];

export type Lever = (typeof LEVERS)[number][0];

/** The bills of a result. */
export interface Costs {
  /** Dollars for a million events, with one thing changed. */
  readonly dollarsOf: (eventsPerSecond: number, lever: Lever) => number;
  /** In the order of the result. */
  readonly backlogs: readonly BacklogBill[];
  /** By the name that the pages use. */
  readonly tables: Readonly<Record<string, CostTable>>;
}

/**
 * Computes what the pages show.
 *
 * @param memory in MB; the template's if left out
 */
export function costsOf(result: CostResult, memory?: number): Costs {
  const defaults = {
    ...defaultSituation(),
    heapMs: result.heapMs,
    ...(memory === undefined ? {} : { memoryMb: memory }),
  };
  const bill = (situation: Situation): Bill => billOf(situation, (events) => invocationOf(result.invocations, events));
  const backlogs = result.backlogs.map((run) =>
    billOfBacklog(run, invocationOf(result.invocations, 1000), defaults.memoryMb),
  );
  const dollarsOf = (eventsPerSecond: number, lever: Lever): number =>
    totalOf(bill({ ...defaults, eventsPerSecond, ...LEVERS.find(([name]) => name === lever)?.[1] }));
  return {
    dollarsOf,
    backlogs,
    tables: {
      'cost-windows': { title: 'By rate and window', table: windowsTable(defaults, bill) },
      'cost-levers': { title: 'One thing changed', table: leversTable(dollarsOf) },
      'cost-backlogs': { title: 'A backlog', table: backlogsTable(result, backlogs) },
      'cost-alternatives': { title: 'Other ways', table: alternativesTable(dollarsOf(100, 'defaults')) },
      'cost-destination': { title: 'Lambda destination', table: destinationTable() },
      resent: { title: 'Sent again', table: resentTable(result) },
      prices: { title: 'Prices', table: pricesTable() },
    },
  };
}

/** What template.yaml sets, with an invocation that needs two answers of Heap. */
function defaultSituation(): Omit<Situation, 'eventsPerSecond' | 'heapMs'> {
  const template = readTemplate(join(import.meta.dirname, '..', '..', 'template.yaml'));
  const numberOf = (name: string): number => Number(parameterDefault(template, name));
  return {
    eventsPerMessage: 1,
    batchSize: numberOf('BatchSize'),
    batchWindowSeconds: numberOf('BatchWindowSeconds'),
    memoryMb: numberOf('MemorySize'),
    roundTrips: 2,
  };
}

function windowsTable(defaults: Omit<Situation, 'eventsPerSecond'>, bill: (situation: Situation) => Bill): string {
  const rows = RATES.flatMap((eventsPerSecond) =>
    WINDOWS.map((batchWindowSeconds) => {
      const situation = { ...defaults, eventsPerSecond, batchWindowSeconds };
      return [eventsPerSecond, batchWindowSeconds, eventsInBatch(situation), ...partsOf(bill(situation))].map(String);
    }),
  );
  return markdownTable(
    ['events a second', '`BatchWindowSeconds`', 'events in a batch', ...PARTS, 'a million events'],
    rows,
  );
}

function leversTable(dollarsOf: Costs['dollarsOf']): string {
  const rows = RATES.map((rate) => [String(rate), ...LEVERS.map(([name]) => dollars(dollarsOf(rate, name)))]);
  return markdownTable(['events a second', ...LEVERS.map(([name]) => name)], rows);
}

function backlogsTable({ backlogs }: CostResult, bills: readonly BacklogBill[]): string {
  const rows = backlogs.map(({ eventsPerMessage, wait, receives, p50, p99 }, index) => {
    const of = bills[index];
    if (of === undefined) throw new Error('a backlog has no bill');
    const figures = [of.billedSeconds.toFixed(0), receives.toFixed(2), `${p50.toFixed(0)} s`, `${p99.toFixed(0)} s`];
    return [String(eventsPerMessage), wait, ...figures, ...partsOf(of.bill)];
  });
  const figures = ['billed seconds', 'receives of a message', 'p50', 'p99'];
  return markdownTable(['events a message', 'the wait', ...figures, ...PARTS, 'a million events'], rows);
}

function alternativesTable(own: number): string {
  const rows = [{ what: 'this stack, 100 events a second', dollars: own }, ...alternatives()];
  return markdownTable(
    ['way', 'a million events'],
    rows.map((one) => [one.what, dollars(one.dollars)]),
  );
}

function destinationTable(): string {
  const rows = destinationBills().map(({ what, requests, time, sqs }) => [
    what,
    ...[requests, time, sqs, requests + time + sqs].map(dollars),
  ]);
  return markdownTable(['', 'Lambda requests', 'Lambda time', 'SQS', 'a million events'], rows);
}

function resentTable({ resent }: CostResult): string {
  const rows = resent.map((one) => [`1 among ${one.oneBadAmong}`, one.resent.toFixed(1)]);
  return markdownTable(['bad events', '`resent`'], [['none', '0'], ...rows]);
}

function pricesTable(): string {
  const rows = Object.values(PRICES).map((price) => [
    price.what,
    describePrice(price),
    `[${price.by}](${price.source})`,
  ]);
  return markdownTable(['what', 'price', 'source'], rows);
}

/** Dollars with three decimals. */
export function dollars(amount: number): string {
  return `$${amount.toFixed(3)}`;
}

function partsOf(bill: Bill): readonly string[] {
  return [bill.sqs, bill.lambda, bill.logs, totalOf(bill)].map(dollars);
}

import { styleText } from 'node:util';
import type { Message } from '@aws-sdk/client-sqs';
import { createCauses, describeExample, describePlaces, type Cause, type Fate } from '../cli/causes.ts';
import { cut } from '../cli/table.ts';
import { total, type ExpectedCounts, type ReportedCounts } from './accounting.ts';
import type { HeapCounts } from './heap-simulator/heap.ts';

export interface Summary {
  readonly messages: number;
  readonly seconds: number;
  readonly expected: ExpectedCounts;
  /** Why events of the user's own file are filtered or rejected, as the mapping foresees it. */
  readonly causes: readonly Cause[];
  readonly reported: ReportedCounts;
  readonly deadLetters: readonly Message[];
  /** Undefined when the events were not sent to the simulator. */
  readonly heap: HeapCounts | undefined;
  readonly coldStarts: number;
  readonly problems: readonly string[];
  /** The user's own events; undefined for the samples. */
  readonly file: string | undefined;
  /** The file of the transformation, if there is one. */
  readonly transformation: string | undefined;
}

/** In characters, of what follows a number. */
const WIDEST = 110;

/** Prints the progress, if stderr is a terminal, where a line can be overwritten. */
export function progressLine(events: number, { delivered, filtered, deadLettered, deferred }: ReportedCounts): void {
  if (!process.stderr.isTTY) return;
  const waiting = total(deferred) > 0 ? `, ${total(deferred)} deferred` : '';
  const line = `  ${events} enqueued, ${delivered} delivered, ${total(filtered)} filtered, ${total(deadLettered)} dead-lettered${waiting}`;
  process.stderr.write(`\r\x1b[K${line}`);
}

/** Prints what has become of the events, or the problems. */
export function printSummary({
  messages,
  seconds,
  expected,
  causes,
  reported,
  deadLetters,
  heap,
  coldStarts,
  problems,
  file,
  transformation,
}: Summary): void {
  if (process.stderr.isTTY) process.stderr.write('\r\x1b[K');
  const inMessages = `events in ${messages} messages`;
  const how = transformation === undefined ? '' : `, transformed by ${transformation}`;
  row('enqueued', expected.events, inMessages + how);
  row('delivered', reported.delivered, 'events');
  row('filtered', total(reported.filtered), 'events');
  for (const [reason, count] of Object.entries(reported.filtered).toSorted(byName)) {
    const foreseen = causesOf('filtered', reason, causes, count);
    if (foreseen.length === 0) row('', count, reason);
    else foreseen.forEach(rowsOfCause);
  }
  row('dead-lettered', deadLetters.length, 'events');
  for (const [reason, found] of [...reasonsOf(deadLetters)].toSorted(byName)) {
    const foreseen = causesOf(
      'rejected',
      reason,
      causes,
      found.reduce((sum, one) => sum + one.count, 0),
    );
    if (foreseen.length > 0) foreseen.forEach(rowsOfCause);
    else for (const { count, detail } of found) row('', count, `${reason.padEnd(20)} ${detail}`);
  }
  if (total(reported.deferred) > 0) {
    row('deferred', total(reported.deferred), 'times an event was returned to the queue for another attempt');
    for (const [reason, count] of Object.entries(reported.deferred).toSorted(byName)) row('', count, reason);
  }
  if (heap !== undefined) {
    row(
      'requests to Heap',
      heap.requests,
      `with ${(heap.entries / Math.max(1, heap.requests)).toFixed(1)} entries each on average`,
    );
    if (heap.duplicates > 0) row('', heap.duplicates, 'duplicates that Heap dropped by their idempotency key');
  }
  row('cold starts', coldStarts, `in ${seconds.toFixed(1)} s`);
  console.log(
    problems.length === 0
      ? styleText('green', '\nEvery event is accounted for.')
      : styleText('red', `\n${problems.slice(0, 20).join('\n')}`),
  );
  console.log(
    `\n${nextSteps(file, problems.length === 0)
      .map(commandLine)
      .join('\n')}`,
  );
}

/** The causes that the mapping foresees for a reason, if they are as many events as there were. */
function causesOf(fate: Fate, reason: string, causes: readonly Cause[], count: number): readonly Cause[] {
  const found = causes.filter((cause) => cause.fate === fate && cause.reason === reason);
  return found.reduce((sum, cause) => sum + cause.count, 0) === count ? found : [];
}

/** The dead letters of each reason, with the same explanation but for what it quotes. */
function reasonsOf(deadLetters: readonly Message[]): ReadonlyMap<string, readonly Cause[]> {
  const causes = createCauses();
  for (const { MessageAttributes = {} } of deadLetters) {
    const reason = MessageAttributes['reason']?.StringValue ?? 'moved by SQS, without a reason';
    const detail = MessageAttributes['detail']?.StringValue ?? '';
    causes.note({ fate: 'rejected', reason, detail }, { file: '', line: 1 });
  }
  return Map.groupBy(causes.list(), ({ reason }) => reason);
}

/** A cause with all its lines, and an example below. */
function rowsOfCause(cause: Cause): void {
  console.log(
    `${''.padEnd(18)}${String(cause.count).padStart(8)}  ${cause.reason.padEnd(20)} ${describePlaces(cause, true)}`,
  );
  const example = describeExample(cause, true);
  if (example !== '') console.log(`${''.padEnd(28)}${cut(example, WIDEST)}`);
}

type Step = readonly [command: string, what: string];

/** What to do next, in three lines. */
function nextSteps(file: string | undefined, isGood: boolean): readonly [Step, Step, Step] {
  if (!isGood) {
    return [
      ['npm start -- --logs', 'the same again, with the log of the function'],
      ['npm run dev', 'a live view, in which one event can be followed'],
      ['README.md', 'the section Troubleshooting'],
    ];
  }
  const own: Step =
    file === undefined || file === '-'
      ? ['npm start -- --file events.ndjson', 'the same with your own events']
      : [`npm run -s preview -- ${file}`, 'what Heap would get for each of these events'];
  return [
    ['npm run dev', 'keeps it running: a live view, and an HTTP endpoint for your SDKs'],
    own,
    ['README.md', 'the section Deploy leads to your AWS account'],
  ];
}

function commandLine([command, what]: Step): string {
  return `${command.padEnd(33)}  ${what}`;
}

function row(title: string, count: number, what: string): void {
  const oneLine = what.replaceAll(/\s+/g, ' ').slice(0, WIDEST);
  console.log(`${styleText('bold', title.padEnd(18))}${String(count).padStart(8)}  ${oneLine}`);
}

function byName([a]: readonly [string, unknown], [b]: readonly [string, unknown]): number {
  return a.localeCompare(b);
}

import type { Command } from 'commander';
import { countMessages } from '../../lib/sqs/count-messages.ts';
import { connect, type Connection, type ConnectionOptions } from '../connection.ts';
import {
  print,
  toVisitOptions,
  withDeadLetters,
  withSelection,
  type OutputOptions,
  type VisibilityOptions,
} from '../options.ts';
import { parseCount, parsePositive } from '../option-values.ts';
import { startProgress, type Progress } from '../progress.ts';
import { readConfig } from '../read-config.ts';
import { exportDeadLetters } from './export.ts';
import { describeList, listDeadLetters } from './list.ts';
import { redriveDeadLetters, type RedriveResult } from './redrive.ts';
import type { Selection } from './selection.ts';
import { describeDeadLetter, showDeadLetter } from './show.ts';

type DeadLetterOptions = ConnectionOptions & OutputOptions & VisibilityOptions;

/** `dead-letters list`, `show`, `redrive` and `export`. */
export function addDeadLetterCommands(program: Command): void {
  const group = program.command('dead-letters').description('events that could not be delivered').exitOverride();
  addList(group);
  addShow(group);
  addRedrive(group);
  addExport(group);
}

function addList(group: Command): void {
  withSelection(withDeadLetters(group.command('list').description('counts by reason, and examples; removes none')))
    .option('--limit <count>', 'examples in the table', parseCount, 10)
    .action(async (options: DeadLetterOptions & Selection & { readonly limit: number }) => {
      const list = await listDeadLetters(await connect(options), options, options.limit, toVisitOptions(options));
      print(options, list, describeList(list));
    });
}

function addShow(group: Command): void {
  const description = 'one dead letter: the event, why it failed, and what would become of it today';
  withDeadLetters(group.command('show <id>').description(description))
    .option('--config <file>', 'RudderStack’s Config for Heap, as JSON, for today’s mapping')
    .action(async (id: string, options: DeadLetterOptions & { readonly config?: string }) => {
      const config = readConfig(options.config);
      const shown = await showDeadLetter(await connect(options), id, config, toVisitOptions(options));
      if (shown === undefined) {
        console.error(`There is no dead letter ${id}. To see those that there are: dead-letters list`);
        process.exitCode = 1;
        return;
      }
      print(options, shown, describeDeadLetter(shown));
    });
}

interface RedriveFlags {
  readonly dryRun: boolean;
  readonly rate?: number;
  readonly maxRedrives: number;
}

function addRedrive(group: Command): void {
  const description = 'sends dead letters back to the queue; safe to interrupt and to repeat';
  withSelection(withDeadLetters(group.command('redrive').description(description)))
    .option('--id <id>', 'only this one')
    .option('--dry-run', 'looks and sends nothing', false)
    .option('--rate <count>', 'dead letters a second', parsePositive)
    .option('--max-redrives <count>', 'leave those that were sent again so often already', parseCount, 3)
    .action(async (options: DeadLetterOptions & Selection & RedriveFlags) => {
      const connection = await connect(options);
      const bar = await startCount(connection);
      const result = await redriveDeadLetters(connection, {
        selection: options,
        isDryRun: options.dryRun,
        rate: options.rate,
        maxRedrives: options.maxRedrives,
        ...toVisitOptions(options),
        onProgress: ({ sent, notSelected, overLimit, failed }) =>
          bar.update(sent + notSelected + overLimit + failed, sent),
      });
      bar.stop();
      print(options, result, describeRedrive(result, options));
      if (result.overLimit + result.failed > 0) process.exitCode ||= 1;
    });
}

function describeRedrive(
  { sent, notSelected, overLimit, failed, isComplete }: RedriveResult,
  { dryRun, maxRedrives }: RedriveFlags,
): string {
  const lines = [
    `${sent} dead letters ${dryRun ? 'would be' : 'were'} sent back to the queue. ${notSelected} were not selected.`,
    overLimit > 0
      ? `${overLimit} exceed the redrive limit (sent again ${maxRedrives} times before) and stay: fix or export them.`
      : '',
    failed > 0 ? `${failed} were not taken by the queue and stay.` : '',
    isComplete ? '' : 'Interrupted: the rest are still dead letters. Run it again to continue.',
  ];
  return lines.filter((line) => line !== '').join('\n');
}

function addExport(group: Command): void {
  const description = 'writes dead letters as NDJSON; - for standard output';
  withSelection(withDeadLetters(group.command('export <file>').description(description)))
    .option('--id <id>', 'only this one')
    .option('--remove', 'deletes each dead letter after its line is on the disk', false)
    .action(async (file: string, options: DeadLetterOptions & Selection & { readonly remove: boolean }) => {
      const connection = await connect(options);
      const bar = await startCount(connection);
      const exported = await exportDeadLetters(connection, {
        selection: options,
        file,
        removes: options.remove,
        ...toVisitOptions(options),
        onProgress: (count) => bar.update(count, count),
      });
      bar.stop();
      const done = options.remove ? 'moved' : 'copied';
      const sentence = `${exported} dead letters ${done} to ${file}. To put them into the queue: heapq enqueue`;
      if (file === '-') console.error(sentence);
      else print(options, { exported, file }, sentence);
    });
}

async function startCount({ client, deadLetterQueueUrl }: Connection): Promise<Progress> {
  return startProgress(await countMessages(client, deadLetterQueueUrl), 'dead letters');
}

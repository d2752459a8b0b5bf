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

/** Adds the commands `dead-letters list`, `show`, `redrive` and `export`. */
export function addDeadLetterCommands(program: Command): void {
  const group = program
    .command('dead-letters')
    .description('list, show, redrive and export events that could not be delivered')
    .exitOverride();
  addList(group);
  addShow(group);
  addRedrive(group);
  addExport(group);
}

function addList(group: Command): void {
  const description = 'count the dead letters by reason, and show examples; removes nothing';
  withSelection(withDeadLetters(group.command('list').description(description)))
    .option('--limit <count>', 'maximum number of examples', parseCount, 10)
    .action(async (options: DeadLetterOptions & Selection & { readonly limit: number }) => {
      const list = await listDeadLetters(await connect(options), options, options.limit, toVisitOptions(options));
      print(options, list, describeList(list));
    });
}

function addShow(group: Command): void {
  const description = 'show one dead letter: the event, why it failed, and how it would be mapped now';
  withDeadLetters(group.command('show <id>').description(description))
    .option('--config <file>', 'RudderStack’s Config for Heap, as JSON, used for the mapping')
    .action(async (id: string, options: DeadLetterOptions & { readonly config?: string }) => {
      const config = readConfig(options.config);
      const shown = await showDeadLetter(await connect(options), id, config, toVisitOptions(options));
      if (shown === undefined) {
        console.error(`There is no dead letter ${id}. To see all dead letters: heapq dead-letters list`);
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
  const description = 'send dead letters back to the queue; safe to interrupt and to repeat';
  withSelection(withDeadLetters(group.command('redrive').description(description)))
    .option('--id <id>', 'only the dead letter with this message id or messageId')
    .option('--dry-run', 'show what would be sent, and send nothing', false)
    .option('--rate <count>', 'maximum number of dead letters per second', parsePositive)
    .option('--max-redrives <count>', 'skip dead letters that were redriven this many times', parseCount, 3)
    .action(async (options: DeadLetterOptions & Selection & RedriveFlags) => {
      const connection = await connect(options);
      const bar = await startCount(connection);
      const result = await redriveDeadLetters(connection, {
        selection: options,
        isDryRun: options.dryRun,
        rate: options.rate,
        maxRedrives: options.maxRedrives,
        ...toVisitOptions(options),
        onProgress: ({ sent, notSelected, overLimit, pieces, failed }) =>
          bar.update(sent + notSelected + overLimit + pieces + failed, sent),
      });
      bar.stop();
      print(options, result, describeRedrive(result, options));
      if (result.overLimit + result.failed > 0) process.exitCode ||= 1;
    });
}

function describeRedrive(
  { sent, notSelected, overLimit, pieces, failed, isComplete }: RedriveResult,
  { dryRun, maxRedrives }: RedriveFlags,
): string {
  const lines = [
    `${sent} dead letters ${dryRun ? 'would be' : 'were'} sent back to the queue. ${notSelected} were not selected.`,
    overLimit > 0
      ? `${overLimit} exceed the redrive limit of ${maxRedrives} and stay in the dead-letter queue: fix the cause, or export them.`
      : '',
    pieces > 0
      ? `${pieces} are pieces of events that are too large for a message of the queue, and stay. To get these events: heapq dead-letters export FILE`
      : '',
    failed > 0 ? `${failed} could not be sent and stay in the dead-letter queue.` : '',
    isComplete ? '' : 'Interrupted: the others stay in the dead-letter queue. Run it again to continue.',
  ];
  return lines.filter((line) => line !== '').join('\n');
}

function addExport(group: Command): void {
  const description = 'write dead letters to a file as NDJSON; - for standard output';
  withSelection(withDeadLetters(group.command('export <file>').description(description)))
    .option('--id <id>', 'only the dead letter with this message id or messageId')
    .option('--remove', 'delete each dead letter from the queue after it was written to the file', false)
    .action(async (file: string, options: DeadLetterOptions & Selection & { readonly remove: boolean }) => {
      const connection = await connect(options);
      const bar = await startCount(connection);
      const { exported, apart } = await exportDeadLetters(connection, {
        selection: options,
        file,
        removes: options.remove,
        ...toVisitOptions(options),
        onProgress: (count) => bar.update(count, count),
      });
      bar.stop();
      const done = options.remove ? 'moved' : 'copied';
      const sentence = `${exported} dead letters ${done} to ${file}. To send them to the queue: heapq enqueue ${file}`;
      const ofPieces =
        apart === 0
          ? ''
          : `\n${apart} pieces of events that are too large for one message were copied one by one, because other pieces are missing. They stay in the dead-letter queue.`;
      if (file === '-') console.error(`${sentence}${ofPieces}`);
      else print(options, { exported, apart, file }, `${sentence}${ofPieces}`);
    });
}

async function startCount({ client, deadLetterQueueUrl }: Connection): Promise<Progress> {
  return startProgress(await countMessages(client, deadLetterQueueUrl), 'dead letters');
}

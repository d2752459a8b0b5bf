import type { Command } from 'commander';
import { countMessages } from '../../lib/sqs/count-messages.ts';
import { createHint, type Hint } from '../hint.ts';
import { terminalWidth } from '../table.ts';
import { connect, type Connection, type ConnectionOptions } from '../connection.ts';
import {
  print,
  toVisitOptions,
  withDeadLetters,
  withSelection,
  withTransformation,
  type OutputOptions,
  type VisibilityOptions,
} from '../options.ts';
import { parseCount, parsePositive } from '../option-values.ts';
import { startProgress, type Progress } from '../progress.ts';
import { findConfig, WITHOUT_CONFIG_OR_STACK } from '../read-config.ts';
import { findTransformation } from '../transformation.ts';
import { exportDeadLetters } from './export.ts';
import { describeExport, describeRedrive } from './describe.ts';
import { isConfirmed, requireSelection } from './confirm.ts';
import { describeList, listDeadLetters } from './list.ts';
import { redriveDeadLetters } from './redrive.ts';
import { describeUnseen, type Completeness } from './unseen.ts';
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
      print(options, list, describeList(list, createHint(options), terminalWidth()));
      if (!list.isComplete) process.exitCode ||= 1;
    });
}

interface ShowFlags {
  readonly config?: string;
  readonly transformation?: string;
}

function addShow(group: Command): void {
  const description = 'show one dead letter: the event, why it failed, and how it would be mapped now';
  withTransformation(withDeadLetters(group.command('show <id>').description(description)))
    .option(
      '--config <file>',
      `RudderStack’s Config for Heap, as JSON, used for the mapping; ${WITHOUT_CONFIG_OR_STACK}`,
    )
    .action(async (id: string, options: DeadLetterOptions & ShowFlags) => {
      // What is wrong with a file is said before anything is received.
      const ofFile = options.config === undefined ? undefined : findConfig(options.config);
      const transformation = await findTransformation(options.transformation);
      const connection = await connect(options);
      const settings = ofFile ?? findConfig(undefined, connection.stackSettings);
      const shown = await showDeadLetter(connection, id, settings, toVisitOptions(options), transformation);
      if (shown.kind === 'found') {
        const { kind: _, ...found } = shown;
        print(options, found, describeDeadLetter(found, createHint(options)));
        return;
      }
      process.exitCode ||= 1;
      const sentence = notFound(id, shown, createHint(options));
      if (options.json === true) print(options, { error: sentence, ...shown }, sentence);
      else console.error(sentence);
    });
}

function notFound(id: string, completeness: Completeness, hint: Hint): string {
  const unseen = describeUnseen(completeness);
  return unseen === ''
    ? `There is no dead letter ${id}. To see all dead letters: ${hint('dead-letters', 'list')}`
    : `The dead letter ${id} was not found.\n${unseen}`;
}

interface RedriveFlags {
  readonly all: boolean;
  readonly yes: boolean;
  readonly dryRun: boolean;
  readonly rate?: number;
  readonly maxRedrives: number;
}

function addRedrive(group: Command): void {
  const description = 'send dead letters back to the queue; safe to interrupt and to repeat';
  withSelection(withDeadLetters(group.command('redrive').description(description)))
    .option('--id <id>', 'only the dead letter with this message id or messageId')
    .option('--all', 'all dead letters; needed if nothing else selects some', false)
    .option('--yes', 'do not ask; needed where there is no terminal', false)
    .option('--dry-run', 'show what would be sent, and send nothing', false)
    .option('--rate <count>', 'maximum number of dead letters per second', parsePositive)
    .option('--max-redrives <count>', 'skip dead letters that were redriven this many times', parseCount, 3)
    .action(async (options: DeadLetterOptions & Selection & RedriveFlags) => {
      requireSelection(options, options);
      const connection = await connect(options);
      if (!options.dryRun && !options.yes && !(await isConfirmed(connection, options))) {
        console.error('Nothing was sent.');
        process.exitCode ||= 1;
        return;
      }
      const bar = await startCount(connection);
      const result = await redriveDeadLetters(connection, {
        selection: options,
        isDryRun: options.dryRun,
        rate: options.rate,
        maxRedrives: options.maxRedrives,
        ...toVisitOptions(options),
        onProgress: ({ sent, notSelected, failedAnew, overLimit, pieces, failed }) =>
          bar.update(sent + notSelected + failedAnew + overLimit + pieces + failed, sent),
      });
      bar.stop();
      print(options, result, describeRedrive(result, options, createHint(options)));
      if (result.overLimit + result.failed > 0 || !result.isComplete) process.exitCode ||= 1;
    });
}

function addExport(group: Command): void {
  const description = 'write dead letters to a file as NDJSON; - for standard output';
  withSelection(withDeadLetters(group.command('export <file>').description(description)))
    .option('--id <id>', 'only the dead letter with this message id or messageId')
    .option('--remove', 'delete each dead letter from the queue after it was written to the file', false)
    .action(async (file: string, options: DeadLetterOptions & Selection & { readonly remove: boolean }) => {
      const connection = await connect(options);
      const bar = await startCount(connection);
      const result = await exportDeadLetters(connection, {
        selection: options,
        file,
        removes: options.remove,
        ...toVisitOptions(options),
        onProgress: (count) => bar.update(count, count),
      });
      bar.stop();
      const sentence = describeExport(result, { file, isMoved: options.remove }, createHint(options));
      if (file === '-') console.error(sentence);
      else print(options, { ...result, file }, sentence);
      if (!result.isComplete) process.exitCode ||= 1;
    });
}

async function startCount({ client, deadLetterQueueUrl }: Connection): Promise<Progress> {
  return startProgress(await countMessages(client, deadLetterQueueUrl), 'dead letters');
}

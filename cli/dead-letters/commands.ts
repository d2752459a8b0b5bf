import type { Command } from 'commander';
import { countMessages } from '../count-messages.ts';
import { connect, type ConnectionOptions } from '../connection.ts';
import { print, visiting, withLetters, withSelection, type HoldOptions, type OutputOptions } from '../options.ts';
import { parseCount, parsePositive } from '../option-values.ts';
import { startProgress } from '../progress.ts';
import { readConfig } from '../read-config.ts';
import type { Selection } from './dead-letter.ts';
import { exportLetters } from './export.ts';
import { describeList, listLetters } from './list.ts';
import { redriveLetters } from './redrive.ts';
import { describeLetter, showLetter } from './show.ts';

interface RedriveFlags {
  readonly dryRun: boolean;
  readonly rate?: number;
  readonly maxRedrives: number;
}

/** `dead-letters list`, `show`, `redrive` and `export`. */
export function addDeadLetterCommands(program: Command): void {
  const letters = program.command('dead-letters').description('events that could not be delivered').exitOverride();

  withSelection(withLetters(letters.command('list').description('counts by reason, and examples; takes none away')))
    .option('--limit <count>', 'examples in the table', parseCount, 10)
    .action(
      async (options: ConnectionOptions & Selection & OutputOptions & HoldOptions & { readonly limit: number }) => {
        const list = await listLetters(await connect(options), options, options.limit, visiting(options));
        print(options, list, describeList(list));
      },
    );

  withLetters(
    letters.command('show <id>').description('one letter: the event, why it failed, what becomes of it today'),
  )
    .option('--config <file>', 'RudderStack’s Config for Heap, as JSON, for today’s mapping')
    .action(
      async (id: string, options: ConnectionOptions & OutputOptions & HoldOptions & { readonly config?: string }) => {
        const config = readConfig(options.config);
        const shown = await showLetter(await connect(options), id, config, visiting(options));
        if (shown === undefined) {
          console.error(`There is no letter ${id}: dead-letters list shows those that there are.`);
          process.exitCode = 1;
          return;
        }
        print(options, shown, describeLetter(shown));
      },
    );

  withSelection(
    withLetters(
      letters.command('redrive').description('sends letters back to the queue; safe to interrupt and to repeat'),
    ),
  )
    .option('--id <id>', 'only this one')
    .option('--dry-run', 'looks and sends nothing', false)
    .option('--rate <count>', 'letters a second', parsePositive)
    .option('--max-redrives <count>', 'leave what was sent again so often already', parseCount, 3)
    .action(async (options: ConnectionOptions & Selection & OutputOptions & HoldOptions & RedriveFlags) => {
      const connection = await connect(options);
      const bar = startProgress(await countMessages(connection.client, connection.deadLetterQueueUrl), 'letters');
      const result = await redriveLetters(connection, {
        selection: options,
        isDryRun: options.dryRun,
        rate: options.rate,
        mostRedrives: options.maxRedrives,
        ...visiting(options),
        onProgress: ({ sent, left, circling, failed }) => bar.update(sent + left + circling + failed, sent),
      });
      bar.stop();
      const { sent, left, circling, failed, isComplete } = result;
      const lines = [
        `${sent} letters ${options.dryRun ? 'would be' : 'were'} sent back to the queue, ${left} are not meant and stay.`,
        circling > 0
          ? `${circling} were sent again ${options.maxRedrives} times before and stay: repair or export them.`
          : '',
        failed > 0 ? `${failed} were not taken by the queue and stay.` : '',
        isComplete ? '' : 'Interrupted: the rest are still letters. Run it again to go on.',
      ];
      print(options, result, lines.filter((line) => line !== '').join('\n'));
      if (circling + failed > 0) process.exitCode ||= 1;
    });

  withSelection(
    withLetters(letters.command('export <file>').description('writes letters as NDJSON; - for standard output')),
  )
    .option('--id <id>', 'only this one')
    .option('--remove', 'takes each letter off the queue after its line is on the disk', false)
    .action(
      async (
        file: string,
        options: ConnectionOptions & Selection & OutputOptions & HoldOptions & { readonly remove: boolean },
      ) => {
        const connection = await connect(options);
        const bar = startProgress(await countMessages(connection.client, connection.deadLetterQueueUrl), 'letters');
        const exported = await exportLetters(connection, {
          selection: options,
          file,
          removes: options.remove,
          ...visiting(options),
          onProgress: (count) => bar.update(count, count),
        });
        bar.stop();
        const sentence = `${exported} letters ${options.remove ? 'moved' : 'copied'} to ${file}. heapq enqueue takes them back.`;
        if (file === '-') console.error(sentence);
        else print(options, { exported, file }, sentence);
      },
    );
}

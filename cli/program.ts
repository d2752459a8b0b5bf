import { Command } from 'commander';
import { addEnqueueCommand } from './backfill/command.ts';
import { addDeadLetterCommands } from './dead-letters/commands.ts';
import { toReadOptions, withReading, type ReadFlags } from './history/flags.ts';
import { withTransformation } from './options.ts';
import { preview, type PreviewFlags } from './preview.ts';
import { WITHOUT_CONFIG } from './read-config.ts';
import { reportUsageError } from './report-to-caller.ts';
import { addSettingsCommand } from './settings/command.ts';

const EXAMPLES = `
Examples:
  npm run -s heapq -- dead-letters list --stack rudderstack-heap              count dead letters by reason
  npm run -s heapq -- dead-letters show 5fea7756-0ea4-451a-a703-a558b933e274  show one event and why it failed
  npm run -s heapq -- dead-letters redrive --reason heap_refused --dry-run    show what would be sent again
  npm run -s heapq -- enqueue --check history.ndjson.gz                       check a file, and send nothing
  npm run -s heapq -- enqueue history.ndjson.gz --rate 200                    load a file; a second run continues
  npm run -s heapq -- enqueue dumps/ --before 2026-01-31                      load a folder, up to where live events began
  npm run -s heapq -- settings settings.json Ingest=true                      check settings, print the words for sam deploy

Queues: --stack NAME finds them in the outputs of a stack; --local selects the queues of npm run dev.
Credentials and region are found like in the AWS CLI. AWS_ENDPOINT_URL_SQS sets another endpoint.
Exit codes: 0 done · 1 dead letters were left or could not be seen, or events or settings refused · 2 wrong option, file, credentials
or permission · 129 closed terminal · 130 Ctrl-C · 143 SIGTERM · 141 nobody reads the output.`;

/** The commands of heapq with their options. A wrong option is thrown as a CommanderError. */
export function heapqProgram(): Command {
  const program = new Command('heapq')
    .description(
      'Manages dead letters, loads history, previews the mapping and checks the settings of a RudderStack → Heap pipeline.',
    )
    .addHelpText('after', EXAMPLES)
    .configureHelp({ sortOptions: true })
    .configureOutput({ outputError: (text, write) => reportUsageError(text, write) })
    .exitOverride();

  addDeadLetterCommands(program);
  addEnqueueCommand(program);
  addSettingsCommand(program);
  withReading(
    withTransformation(
      program
        .command('preview [file]')
        .description('print as JSON what would be sent to Heap for each line; sends nothing')
        .option('--config <file>', `RudderStack’s Config for Heap, as JSON; ${WITHOUT_CONFIG}`)
        .exitOverride(),
    ),
  ).action(async (file: string | undefined, options: ReadFlags & PreviewFlags) => {
    // Events without a time are shown, with a note.
    await preview(file, options, toReadOptions(options, { skip: [], allowNoTime: true }, Date.now()));
  });
  return program;
}

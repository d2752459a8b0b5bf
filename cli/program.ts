import { Command } from 'commander';
import { reportUsageError } from './report-to-caller.ts';

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

/** What adds each command, in the order of the help. */
const COMMANDS = new Map<string, (program: Command) => Promise<void>>([
  ['dead-letters', async (program) => (await import('./dead-letters/commands.ts')).addDeadLetterCommands(program)],
  ['enqueue', async (program) => (await import('./backfill/command.ts')).addEnqueueCommand(program)],
  ['settings', async (program) => (await import('./settings/command.ts')).addSettingsCommand(program)],
  ['preview', async (program) => (await import('./preview-command.ts')).addPreviewCommand(program)],
]);

/**
 * The commands of heapq with their options. A wrong option is thrown as a CommanderError.
 *
 * @param called the name of the only command that is needed: loading all of them takes most of a short run. Without one, or if
 *   there is no such command, all of them are loaded.
 */
export async function heapqProgram(called = ''): Promise<Command> {
  const program = new Command('heapq')
    .description(
      'Manages dead letters, loads history, previews the mapping and checks the settings of a RudderStack → Heap pipeline.',
    )
    .addHelpText('after', EXAMPLES)
    .configureHelp({ sortOptions: true })
    .configureOutput({ outputError: (text, write) => reportUsageError(text, write) })
    .exitOverride();
  const only = COMMANDS.get(called);
  for (const add of only === undefined ? COMMANDS.values() : [only]) await add(program);
  return program;
}

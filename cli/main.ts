import { Command } from 'commander';
import { addEnqueueCommand } from './backfill/command.ts';
import { addDeadLetterCommands } from './dead-letters/commands.ts';
import { preview } from './preview.ts';
import { reportToCaller } from './report-to-caller.ts';

const EXAMPLES = `
Examples:
  heapq dead-letters list --stack rudderstack-heap                  what failed, by reason
  heapq dead-letters show 5fea7756-0ea4-451a-a703-a558b933e274      one event, why, and what becomes of it today
  heapq dead-letters redrive --reason heap_refused --dry-run        what would be sent again
  heapq enqueue --check history.ndjson.gz                           what would become of a file, line by line
  heapq enqueue history.ndjson.gz --rate 200                        loads it; run it again to go on where it ended

Which queues: --stack NAME finds them in the outputs of a stack; --local means npm run dev. Credentials and region come from
where the AWS command line takes them; AWS_ENDPOINT_URL_SQS names another endpoint.
Exit codes: 0 done · 1 something is left over or refused · 2 the call, a file or a permission was wrong · 130 interrupted.
From a clone: npm run -s heapq -- …`;

const program = new Command('heapq')
  .description('The dead letters, history and mapping of a RudderStack → Heap pipeline.')
  .addHelpText('after', EXAMPLES)
  .configureHelp({ sortOptions: true })
  .exitOverride();

addDeadLetterCommands(program);
addEnqueueCommand(program);
program
  .command('preview [file]')
  .description('what Heap would get for each line, as JSON; sends nothing')
  .option('--config <file>', 'RudderStack’s Config for Heap, as JSON')
  .exitOverride()
  .action(async (file: string | undefined, { config }: { readonly config?: string }) => await preview(file, config));

await reportToCaller(async () => {
  await program.parseAsync();
});

import { statSync } from 'node:fs';
import { Command, Option } from 'commander';
import { ConfigurationError, readSettings } from '../lib/config.ts';
import { countMessages } from '../local/queues.ts';
import { checkFile, describeCheck } from './backfill/check.ts';
import { openCheckpoint } from './backfill/checkpoint.ts';
import { enqueueFile } from './backfill/enqueue.ts';
import { connect, type ConnectionOptions } from './connection.ts';
import type { Selection } from './dead-letters/dead-letter.ts';
import { exportLetters } from './dead-letters/export.ts';
import { describeList, listLetters } from './dead-letters/list.ts';
import { redriveLetters } from './dead-letters/redrive.ts';
import { describeLetter, showLetter } from './dead-letters/show.ts';
import type { Visiting } from './dead-letters/visit.ts';
import { interruptSignal } from './interrupt.ts';
import { parsePointInTime, parsePositive } from './point-in-time.ts';
import { preview } from './preview.ts';
import { startProgress } from './progress.ts';
import { readConfig } from './read-config.ts';
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

/** A command that needs the queues. */
function withConnection(command: Command): Command {
  return command
    .option('--stack <name>', 'the CloudFormation stack whose queues are meant')
    .option('--queue-url <url>', 'the queue, instead of a stack’s')
    .option('--dead-letter-queue-url <url>', 'the dead-letter queue, instead of a stack’s')
    .option('--local', 'the queues of npm run dev')
    .option('--json', 'print JSON, for scripts')
    .exitOverride();
}

/** A command that looks at letters. */
function withLetters(command: Command): Command {
  return withConnection(command).option(
    '--hold <seconds>',
    'how long a letter is out of sight of others, should this command die',
    parsePositive,
    120,
  );
}

function withSelection(command: Command): Command {
  return command
    .option('--reason <code>', 'only this reason; none for what SQS has moved by itself')
    .option('--since <when>', 'only what failed since: a date, or 90s, 30m, 2h, 3d', parsePointInTime)
    .option('--before <when>', 'only what failed before', parsePointInTime)
    .option('--event <name>', 'only this track event, or this type of event');
}

const letters = program.command('dead-letters').description('events that could not be delivered').exitOverride();

withSelection(withLetters(letters.command('list').description('counts by reason, and examples; takes none away')))
  .option('--limit <count>', 'examples in the table', parsePositive, 10)
  .action(async (options: ConnectionOptions & Selection & Output & Hold & { readonly limit: number }) => {
    const list = await listLetters(await connect(options), options, options.limit, visiting(options));
    print(options, list, describeList(list));
  });

withConnection(
  letters.command('show <id>').description('one letter: the event, why it failed, what becomes of it today'),
)
  .option('--config <file>', 'RudderStack’s Config for Heap, as JSON, for today’s mapping')
  .action(async (id: string, options: ConnectionOptions & Output & Hold & { readonly config?: string }) => {
    const config = readConfig(options.config);
    const shown = await showLetter(await connect(options), id, config, visiting(options));
    if (shown === undefined) {
      console.error(`There is no letter ${id}: dead-letters list shows those that there are.`);
      process.exitCode = 1;
      return;
    }
    print(options, shown, describeLetter(shown));
  });

withSelection(
  withLetters(
    letters.command('redrive').description('sends letters back to the queue; safe to interrupt and to repeat'),
  ),
)
  .option('--id <id>', 'only this one')
  .option('--dry-run', 'looks and sends nothing', false)
  .option('--rate <count>', 'letters a second', parsePositive)
  .option('--max-redrives <count>', 'leave what was sent again so often already', parsePositive, 3)
  .action(async (options: ConnectionOptions & Selection & Output & Hold & RedriveFlags) => {
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
    async (file: string, options: ConnectionOptions & Selection & Output & Hold & { readonly remove: boolean }) => {
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

withConnection(
  program
    .command('enqueue <files...>')
    .description(
      'loads events: NDJSON, JSON arrays, CSV rows of a warehouse, exported letters; gzip too; - for standard input',
    ),
)
  .option('--check', 'tells what would become of each event, and sends nothing', false)
  .option('--config <file>', 'RudderStack’s Config for Heap, as JSON, for --check')
  .option('--rate <count>', 'events a second; Heap takes 250 of an app', parsePositive)
  .option('--events-per-message <count>', 'events that share an SQS message', parsePositive, 20)
  .addOption(new Option('--no-checkpoint', 'keep no FILE.checkpoint beside the file to go on from'))
  .action(async (files: readonly string[], options: ConnectionOptions & Output & EnqueueFlags) => {
    const signal = interruptSignal();
    for (const file of files) {
      if (signal.aborted) break;
      await (options.check ? check(file, options, signal) : load(file, options, signal));
    }
  });

program
  .command('preview [file]')
  .description('what Heap would get for each line, as JSON; sends nothing')
  .option('--config <file>', 'RudderStack’s Config for Heap, as JSON')
  .exitOverride()
  .action(async (file: string | undefined, { config }: { readonly config?: string }) => await preview(file, config));

interface Output {
  readonly json?: boolean;
}

interface Hold {
  readonly hold: number;
}

interface RedriveFlags {
  readonly dryRun: boolean;
  readonly rate?: number;
  readonly maxRedrives: number;
}

interface EnqueueFlags {
  readonly check: boolean;
  readonly config?: string;
  readonly rate?: number;
  readonly eventsPerMessage: number;
  readonly checkpoint: boolean;
}

await reportToCaller(async () => {
  await program.parseAsync();
});

async function check(file: string, options: Output & EnqueueFlags, signal: AbortSignal): Promise<void> {
  const settings = readSettings(readConfig(options.config));
  const bar = startProgress(sizeOf(file), 'events');
  const seen = { events: 0, bytes: 0 };
  const result = await checkFile(file, settings, signal, (events, bytes) => {
    seen.events += events;
    seen.bytes += bytes;
    bar.update(seen.bytes, seen.events);
  });
  bar.stop();
  print(options, { file, ...result }, describeCheck(file, result));
  if (Object.keys(result.rejected).length > 0) process.exitCode ||= 1;
}

async function load(
  file: string,
  options: ConnectionOptions & Output & EnqueueFlags,
  signal: AbortSignal,
): Promise<void> {
  const size = sizeOf(file);
  const { client, queueUrl } = await connect(options);
  const checkpoint = options.checkpoint && file !== '-' ? openCheckpoint(file, `${file}.checkpoint`) : undefined;
  const skipped = checkpoint?.done ?? 0;
  const bar = startProgress(size, 'events');
  let savedAt = Date.now();
  let inQueue = skipped;
  try {
    await enqueueFile(client, queueUrl, {
      file,
      skip: skipped,
      eventsPerMessage: options.eventsPerMessage,
      rate: options.rate,
      signal,
      onProgress(done, bytes) {
        inQueue = done;
        bar.update(bytes, done - skipped);
        if (Date.now() - savedAt < 200) return;
        savedAt = Date.now();
        checkpoint?.save(done);
      },
    });
  } catch (error) {
    checkpoint?.save(inQueue);
    throw error;
  } finally {
    bar.stop();
  }
  if (signal.aborted) checkpoint?.save(inQueue);
  else checkpoint?.remove();
  const events = inQueue - skipped;
  const before = skipped === 0 ? '' : `, ${skipped} were there from an earlier run`;
  const next = checkpoint === undefined ? '' : ' Run it again to go on where it ended.';
  const interrupted = signal.aborted ? ` Interrupted.${next}` : '';
  print(
    options,
    { file, enqueued: events, skipped },
    `${file}: ${events} events are in the queue${before}.${interrupted}`,
  );
}

function visiting({ hold }: Hold): Visiting {
  return { hold, signal: interruptSignal() };
}

/** In bytes; 0 where nobody can know. */
function sizeOf(file: string): number {
  if (file === '-') return 0;
  const stats = statSync(file);
  if (stats.isDirectory()) throw new ConfigurationError(`${file} is a folder`);
  return stats.size;
}

function print({ json }: Output, result: object, sentence: string): void {
  console.log(json === true ? JSON.stringify(result) : sentence);
}

import { statSync } from 'node:fs';
import { Option, type Command } from 'commander';
import { readSettings } from '../../lib/rudderstack/settings.ts';
import { connect, type ConnectionOptions } from '../connection.ts';
import { CallerError } from '../caller-error.ts';
import { thisCommand } from '../hint.ts';
import { interruptSignal } from '../interrupt.ts';
import { print, withConnection, type OutputOptions } from '../options.ts';
import { parseCount, parsePositive } from '../option-values.ts';
import { startProgress } from '../progress.ts';
import { readConfig } from '../read-config.ts';
import { checkFile, describeCheck } from './check.ts';
import { openCheckpoint } from './checkpoint.ts';
import { enqueueFile } from './enqueue.ts';
import type { CellTypes } from './read-items.ts';

interface EnqueueFlags {
  readonly check: boolean;
  readonly config?: string;
  readonly rate?: number;
  readonly eventsPerMessage: number;
  readonly checkpoint: boolean;
  readonly types: CellTypes;
}

/** How often the checkpoint is written, in ms. */
const CHECKPOINT_EVERY_MS = 200;

/** Adds the command `enqueue`. */
export function addEnqueueCommand(program: Command): void {
  withConnection(
    program
      .command('enqueue <files...>')
      .description(
        'sends events from files to the queue: NDJSON, JSON arrays, warehouse rows as CSV, exported dead letters; also gzipped; - for standard input',
      ),
  )
    .option('--check', 'show what would happen to the events, and send nothing', false)
    .option('--config <file>', 'for --check: RudderStack’s Config for Heap, as JSON')
    .option('--rate <count>', 'maximum number of events per second; Heap accepts 250 per app', parsePositive)
    .option('--events-per-message <count>', 'maximum number of events per SQS message', parseCount, 20)
    .addOption(typesOption())
    .addOption(new Option('--no-checkpoint', 'do not write FILE.checkpoint, which lets a second run continue'))
    .action(async (files: readonly string[], options: ConnectionOptions & OutputOptions & EnqueueFlags) => {
      const signal = interruptSignal();
      for (const file of files) {
        if (signal.aborted) break;
        await (options.check ? check(file, options, signal) : load(file, options, signal));
      }
    });
}

/** The option of every command that reads CSV. */
export function typesOption(): Option {
  return new Option(
    '--types <types>',
    'cells of a CSV file: text for all of them, or infer for numbers and booleans where they look like one',
  )
    .choices(['text', 'infer'])
    .default('text');
}

async function check(file: string, options: OutputOptions & EnqueueFlags, signal: AbortSignal): Promise<void> {
  const settings = readSettings(readConfig(options.config));
  const bar = startProgress(sizeOf(file), 'events');
  const seen = { events: 0, bytes: 0 };
  const result = await checkFile(file, { settings, types: options.types }, signal, (events, bytes) => {
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
  options: ConnectionOptions & OutputOptions & EnqueueFlags,
  signal: AbortSignal,
): Promise<void> {
  const size = sizeOf(file);
  const { client, queueUrl } = await connect(options);
  const checkpoint =
    options.checkpoint && file !== '-' ? openCheckpoint(file, queueUrl, `${file}.checkpoint`) : undefined;
  const skipped = checkpoint?.done ?? 0;
  const bar = startProgress(size, 'events');
  let savedAt = Date.now();
  let inQueue = skipped;
  try {
    await enqueueFile(client, queueUrl, {
      file,
      skip: skipped,
      types: options.types,
      eventsPerMessage: options.eventsPerMessage,
      rate: options.rate,
      signal,
      onProgress(done, bytes) {
        inQueue = done;
        bar.update(bytes, done - skipped);
        if (Date.now() - savedAt < CHECKPOINT_EVERY_MS) return;
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
  const before = skipped === 0 ? '' : `, and ${skipped} more from an earlier run`;
  const next = checkpoint === undefined ? '' : ` To continue:\n  ${thisCommand()}`;
  const interrupted = signal.aborted ? ` Interrupted.${next}` : '';
  print(
    options,
    { file, enqueued: events, skipped, isComplete: !signal.aborted },
    `${file}: ${events} events were sent to the queue${before}.${interrupted}`,
  );
}

/** In bytes; 0 for standard input, whose size is unknown. */
function sizeOf(file: string): number {
  if (file === '-') return 0;
  const stats = statSync(file);
  if (stats.isDirectory()) throw new CallerError(`${file} is a folder`);
  return stats.size;
}

import { statSync } from 'node:fs';
import { Option, type Command } from 'commander';
import { readSettings } from '../../lib/rudderstack/settings.ts';
import { connect, type Connection, type ConnectionOptions } from '../connection.ts';
import { thisCommand } from '../hint.ts';
import { expandFiles } from '../history/expand-files.ts';
import { toReadOptions, withChoice, withReading, type ChoiceFlags, type ReadFlags } from '../history/flags.ts';
import { openHistory } from '../history/open-history.ts';
import type { ReadOptions } from '../history/read-options.ts';
import { interruptSignal } from '../interrupt.ts';
import { print, withConnection, type OutputOptions } from '../options.ts';
import { parseCount, parsePositive } from '../option-values.ts';
import { startProgress } from '../progress.ts';
import { readConfig } from '../read-config.ts';
import { checkFile, describeCheck } from './check.ts';
import { NOTHING_DONE, openCheckpoint, type Checkpoint } from './checkpoint.ts';
import { enqueueFile } from './enqueue.ts';
import { createTally, describeTally } from './tally.ts';

interface EnqueueFlags extends ReadFlags, ChoiceFlags {
  readonly check: boolean;
  readonly config?: string;
  readonly rate?: number;
  readonly eventsPerMessage: number;
  readonly checkpoint: boolean;
  readonly skipBad?: string;
}

type Options = ConnectionOptions & OutputOptions & EnqueueFlags;

/** How often the checkpoint is written, in ms. */
const CHECKPOINT_EVERY_MS = 200;

/** Adds the command `enqueue`. */
export function addEnqueueCommand(program: Command): void {
  const command = withConnection(
    program
      .command('enqueue <files...>')
      .description(
        'sends events from files, folders or patterns to the queue: raw events, warehouse rows as JSON or CSV, exported dead letters; also gzipped; - for standard input',
      ),
  )
    .option('--check', 'show what would happen to the events, and send nothing', false)
    .option('--config <file>', 'for --check: RudderStack’s Config for Heap, as JSON')
    .option('--rate <count>', 'maximum number of events per second; Heap accepts 250 per app', parsePositive)
    .option('--events-per-message <count>', 'maximum number of events per SQS message', parseCount, 20)
    .option('--skip-bad <file>', 'write what cannot be sent to this file, and go on')
    .addOption(new Option('--no-checkpoint', 'do not write FILE.checkpoint, which lets a second run continue'));
  withChoice(withReading(command)).action(async (paths: readonly string[], options: Options) => {
    const signal = interruptSignal();
    const files = expandFiles(paths);
    const reading = toReadOptions(options, options);
    if (options.check) await checkAll(files, reading, options, signal);
    else await loadAll(files, reading, options, signal);
  });
}

async function checkAll(
  files: readonly string[],
  reading: ReadOptions,
  options: Options,
  signal: AbortSignal,
): Promise<void> {
  const settings = readSettings(readConfig(options.config));
  for (const file of files) {
    if (signal.aborted) break;
    const bar = startProgress(sizeOf(file), 'events');
    const seen = { events: 0, bytes: 0 };
    try {
      const result = await checkFile(file, { settings, reading }, signal, (events, bytes) => {
        seen.events += events;
        seen.bytes += bytes;
        bar.update(seen.bytes, seen.events);
      });
      bar.stop();
      print(options, { file, ...result }, describeCheck(file, result));
      if (Object.keys(result.rejected).length > 0) process.exitCode ||= 1;
    } finally {
      bar.stop();
    }
  }
}

/**
 * Loads files one after the other. The head of each is read before the first event is sent, and the checkpoints stay until all
 * of them are in the queue.
 */
async function loadAll(
  files: readonly string[],
  reading: ReadOptions,
  options: Options,
  signal: AbortSignal,
): Promise<void> {
  for (const file of files) if (file !== '-') await tryHead(file, reading);
  const connection = await connect(options);
  const checkpoints: Checkpoint[] = [];
  for (const file of files) {
    if (signal.aborted) break;
    const hasCheckpoint = options.checkpoint && file !== '-';
    const checkpoint = hasCheckpoint ? openCheckpoint(file, connection.queueUrl, `${file}.checkpoint`) : undefined;
    if (checkpoint !== undefined) checkpoints.push(checkpoint);
    if (checkpoint?.isFinished === true) {
      const { done } = checkpoint.reached;
      print(
        options,
        { file, enqueued: 0, skipped: done, isComplete: true },
        `${file}: all of it was sent to the queue by an earlier run.`,
      );
    } else {
      await load(file, reading, options, { ...connection, checkpoint, signal });
    }
  }
  if (!signal.aborted) for (const checkpoint of checkpoints) checkpoint.remove();
}

/** Refuses a file whose shape is not known. */
async function tryHead(file: string, reading: ReadOptions): Promise<void> {
  const { entries } = await openHistory(file, reading, () => undefined, Date.now());
  await entries.return(undefined);
}

interface Loading extends Pick<Connection, 'client' | 'queueUrl'> {
  readonly checkpoint: Checkpoint | undefined;
  readonly signal: AbortSignal;
}

async function load(
  file: string,
  reading: ReadOptions,
  options: Options,
  { client, queueUrl, checkpoint, signal }: Loading,
): Promise<void> {
  const skip = checkpoint?.reached ?? NOTHING_DONE;
  const bar = startProgress(sizeOf(file), 'events');
  const tally = createTally(options.skipBad);
  let savedAt = Date.now();
  let reached = skip;
  let sent = 0;
  try {
    reached = await enqueueFile(client, queueUrl, {
      file,
      skip,
      reading,
      eventsPerMessage: options.eventsPerMessage,
      rate: options.rate,
      signal,
      onEntry: tally.note,
      onBad: tally.keep,
      onProgress(upTo, bytes, count) {
        reached = upTo;
        sent += count;
        bar.update(bytes, upTo.done - skip.done);
        if (Date.now() - savedAt < CHECKPOINT_EVERY_MS) return;
        savedAt = Date.now();
        checkpoint?.save(upTo);
      },
    });
  } catch (error) {
    checkpoint?.save(reached);
    throw error;
  } finally {
    bar.stop();
  }
  if (signal.aborted) checkpoint?.save(reached);
  else checkpoint?.finish(reached);
  const before = skip.done === 0 ? '' : `, and ${skip.done} more from an earlier run`;
  const next = checkpoint === undefined ? '' : ` To continue:\n  ${thisCommand()}`;
  const interrupted = signal.aborted ? ` Interrupted.${next}` : '';
  const { counts } = tally;
  print(
    options,
    { file, enqueued: sent, skipped: skip.done, isComplete: !signal.aborted, ...counts },
    `${file}: ${sent} events were sent to the queue${before}.${interrupted}${describeTally(counts, options.skipBad)}`,
  );
  if (counts.bad !== undefined) process.exitCode ||= 1;
}

/** In bytes; 0 for standard input, whose size is unknown. */
function sizeOf(file: string): number {
  return file === '-' ? 0 : statSync(file).size;
}

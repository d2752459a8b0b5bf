import { statSync } from 'node:fs';
import { resolve, sep } from 'node:path';
import { Option, type Command } from 'commander';
import { readSettings } from '../../lib/rudderstack/settings.ts';
import { CallerError } from '../caller-error.ts';
import { connect, type Connection, type ConnectionOptions } from '../connection.ts';
import { thisCommand } from '../hint.ts';
import { expandFiles } from '../history/expand-files.ts';
import { toReadOptions, withChoice, withReading, type ChoiceFlags, type ReadFlags } from '../history/flags.ts';
import { openHistory, type History } from '../history/open-history.ts';
import { givenOptions, type ReadOptions } from '../history/read-options.ts';
import { nameOf } from '../history/refusal.ts';
import { interruptSignal } from '../interrupt.ts';
import { print, withConnection, withTransformation, type OutputOptions } from '../options.ts';
import { parseCount, parsePositive } from '../option-values.ts';
import { startProgress } from '../progress.ts';
import { findConfig, WITHOUT_CONFIG_OR_STACK, type NamedConfig } from '../read-config.ts';
import { openBadFile } from './bad-file.ts';
import { checkFiles } from './check.ts';
import {
  NOTHING_DONE,
  openCheckpoint,
  sentOtherwise,
  startOfLoad,
  type Checkpoint,
  type Reached,
} from './checkpoint.ts';
import { findTransformation } from '../transformation.ts';
import { describeCheck } from './describe-check.ts';
import { createTally, describeTally } from './tally.ts';

interface EnqueueFlags extends ReadFlags, ChoiceFlags {
  readonly check: boolean;
  readonly config?: string;
  readonly transformation?: string;
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
    .option('--config <file>', `for --check: RudderStack’s Config for Heap, as JSON; ${WITHOUT_CONFIG_OR_STACK}`)
    .option('--rate <count>', 'maximum number of events per second; Heap accepts 250 per app', parsePositive)
    .option('--events-per-message <count>', 'maximum number of events per SQS message', parseCount, 20)
    .option('--skip-bad <file>', 'write what cannot be sent to this file, and go on')
    .addOption(new Option('--no-checkpoint', 'do not write FILE.checkpoint, which lets a second run continue'));
  withTransformation(command);
  withChoice(withReading(command)).action(async (paths: readonly string[], options: Options) => {
    const signal = interruptSignal();
    const files = expandFiles(paths);
    refuseOwnOutput(paths, files, options.skipBad);
    if (options.check) await checkAll(files, toReadOptions(options, options, Date.now()), options, signal);
    else await loadAll(files, options, signal);
  });
}

/** What is written must not be read at the same time: it would never end. */
function refuseOwnOutput(paths: readonly string[], files: readonly string[], skipBad: string | undefined): void {
  if (skipBad === undefined) return;
  const isRead = files.some((file) => resolve(file) === resolve(skipBad));
  if (isRead) throw new CallerError(`--skip-bad ${skipBad} is one of the files to load: name another one`);
  // A second run would load it.
  const folder = paths.find((path) => resolve(skipBad).startsWith(`${resolve(path)}${sep}`));
  if (folder !== undefined)
    throw new CallerError(`--skip-bad ${skipBad} is in ${folder}, which is loaded: name another folder`);
}

async function checkAll(
  files: readonly string[],
  reading: ReadOptions,
  options: Options,
  signal: AbortSignal,
): Promise<void> {
  const { name, config } = await findSettings(options);
  const settings = readSettings(config, name);
  const transformation = await findTransformation(options.transformation);
  const transformEvent = transformation?.transformEvent;
  const bar = startProgress(
    files.reduce((sum, file) => sum + sizeOf(file), 0),
    'events',
  );
  const seen = { events: 0, bytes: 0 };
  const result = await checkFiles(files, { settings, reading, transformEvent }, signal, (events, bytes) => {
    seen.events += events;
    seen.bytes += bytes;
    bar.update(seen.bytes, seen.events);
  }).finally(() => bar.stop());
  const [refused] = result.refusedFiles;
  if (refused !== undefined && files.length === 1 && result.events === 0) throw new CallerError(refused.why);
  const areKeysOfRows = settings.idempotencyKey === 'messageId';
  const context = { settings: name, transformation: transformation?.name };
  print(options, { ...result, ...context }, describeCheck(result, { ...context, areKeysOfRows }));
  if (refused !== undefined) process.exitCode ||= 2;
  else if (result.causes.some(({ fate }) => fate === 'rejected' || fate === 'refused')) process.exitCode ||= 1;
}

/** The settings in a file, else those of the stack. */
async function findSettings(options: Options): Promise<NamedConfig> {
  if (options.config !== undefined || options.stack === undefined) return findConfig(options.config);
  const { stackSettings } = await connect(options);
  return findConfig(undefined, stackSettings);
}

/**
 * Loads files one after the other. The head of each is read before the first event is sent, and the checkpoints stay until all
 * of them are in the queue.
 */
async function loadAll(files: readonly string[], options: Options, signal: AbortSignal): Promise<void> {
  const startedMs = (options.checkpoint ? startOfLoad(files) : undefined) ?? Date.now();
  const reading = toReadOptions(options, options, startedMs);
  const standardInput = await tryHeads(files, reading, startedMs);
  try {
    const connection = await connect(options);
    const run = { queueUrl: connection.queueUrl, given: givenOptions(reading), badFile: options.skipBad, startedMs };
    const checkpoints = new Map<string, Checkpoint>();
    for (const file of files) {
      if (options.checkpoint && file !== '-') checkpoints.set(file, openCheckpoint(file, run));
    }
    for (const file of files) {
      if (signal.aborted) break;
      const checkpoint = checkpoints.get(file);
      if (checkpoint?.isFinished === true) {
        const { done } = checkpoint.reached;
        const sentence = `${file}: all of it was sent to the queue by an earlier run.`;
        print(options, { file, enqueued: 0, skipped: done, isComplete: true }, sentence);
      } else {
        const history = file === '-' ? standardInput : undefined;
        await load(file, options, { ...connection, reading, startedMs, history, checkpoint, signal });
      }
    }
    if (!signal.aborted) for (const checkpoint of checkpoints.values()) checkpoint.remove();
  } finally {
    await standardInput?.close();
  }
}

/**
 * Refuses files whose shape is not known.
 *
 * @returns standard input if it is among them, which can be opened only once
 */
async function tryHeads(
  files: readonly string[],
  reading: ReadOptions,
  startedMs: number,
): Promise<History | undefined> {
  let standardInput: History | undefined;
  for (const file of files) {
    const history = await openHistory(file, reading, () => undefined, startedMs);
    if (file === '-') standardInput = history;
    else await history.close();
  }
  return standardInput;
}

interface Loading extends Pick<Connection, 'client' | 'queueUrl'> {
  readonly reading: ReadOptions;
  readonly startedMs: number;
  readonly history: History | undefined;
  readonly checkpoint: Checkpoint | undefined;
  readonly signal: AbortSignal;
}

async function load(
  file: string,
  options: Options,
  { client, queueUrl, checkpoint, signal, ...opened }: Loading,
): Promise<void> {
  const { enqueueFile } = await import('./enqueue.ts');
  const { skipBad } = options;
  const skip = checkpoint?.reached ?? NOTHING_DONE;
  const bar = startProgress(sizeOf(file), 'events');
  const badBytes = skipBad === undefined ? undefined : checkpoint?.badBytesIn(skipBad);
  const badFile = skipBad === undefined ? undefined : openBadFile(skipBad, badBytes);
  const tally = createTally(badFile);
  const otherOptions = checkpoint?.otherOptions;
  let savedAt = Date.now();
  let reached: Reached = { ...skip, badBytes: badBytes ?? badFile?.size() ?? 0 };
  let sent = 0;
  let hasBegun = false;
  let isSettled = true;
  /** What was noted with other options stays until it is known to hold for these as well. */
  const begin = (): void => {
    if (!hasBegun) checkpoint?.save(reached, false);
    hasBegun = true;
  };
  try {
    reached = await enqueueFile(client, queueUrl, {
      ...opened,
      file,
      skip,
      changed: otherOptions === undefined ? undefined : () => sentOtherwise(file, otherOptions),
      eventsPerMessage: options.eventsPerMessage,
      rate: options.rate,
      signal,
      onEntry(entry) {
        begin();
        tally.note(entry);
      },
      onBad: before(begin, tally.keep),
      badBytes: badFile?.size,
      onFailedSend: () => (isSettled = false),
      onProgress(upTo, bytes, count) {
        reached = upTo;
        sent += count;
        bar.update(bytes, upTo.done - skip.done);
        if (Date.now() - savedAt < CHECKPOINT_EVERY_MS) return;
        savedAt = Date.now();
        checkpoint?.save(upTo, false);
      },
    });
  } catch (error) {
    if (hasBegun) checkpoint?.save(reached, isSettled);
    throw error;
  } finally {
    bar.stop();
  }
  if (signal.aborted) checkpoint?.save(reached, true);
  else checkpoint?.finish(reached);
  const earlier = skip.done === 0 ? '' : `, and ${skip.done} more from an earlier run`;
  const next = checkpoint === undefined ? '' : ` To continue:\n  ${thisCommand()}`;
  const interrupted = signal.aborted ? ` Interrupted.${next}` : '';
  const { counts } = tally;
  print(
    options,
    { file, enqueued: sent, skipped: skip.done, isComplete: !signal.aborted, ...counts },
    `${nameOf(file)}: ${sent} events were sent to the queue${earlier}.${interrupted}${describeTally(counts, skipBad)}`,
  );
  if (counts.bad !== undefined) process.exitCode ||= 1;
}

/** Returns a function that does something else first; undefined if there is none. */
function before<Args extends readonly unknown[]>(
  first: () => void,
  then: ((...args: Args) => void) | undefined,
): ((...args: Args) => void) | undefined {
  if (then === undefined) return undefined;
  return (...args) => {
    first();
    then(...args);
  };
}

/** In bytes; 0 for standard input, whose size is unknown. */
function sizeOf(file: string): number {
  return file === '-' ? 0 : statSync(file).size;
}

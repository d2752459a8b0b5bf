import { hash } from 'node:crypto';
import { existsSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { isObject, type JsonObject } from '../../lib/json.ts';
import { CallerError } from '../caller-error.ts';
import type { Entry } from '../history/open-history.ts';

/** How far a file is in the queue. */
export interface Reached {
  /** The number of items, from the start of the file, that are in the queue or left out. */
  readonly done: number;
  /** The seal of these items; see `sealOf`. */
  readonly seal: string;
  /** The size of the file of `--skip-bad`, in bytes, with those of these items that cannot be sent; 0 without such a file. */
  readonly badBytes: number;
}

/** Before the first item. */
export const NOTHING_DONE: Reached = { done: 0, seal: '', badBytes: 0 };

/** The options that decide what is sent of a file, as they are written. */
export type GivenOptions = Readonly<Record<string, string>>;

/** What an earlier run has left. */
export interface Checkpoint {
  readonly reached: Reached;
  /** The size of the file of `--skip-bad` when `reached` was noted; undefined if the file was not this one. */
  readonly badBytesIn: (path: string) => number | undefined;
  /** Whether the whole file is in the queue, and both it and the options are as they were then. */
  readonly isFinished: boolean;
  /** The options that differ from those of the earlier run, in words; undefined if none does. */
  readonly otherOptions: string | undefined;
  /** @param isSettled whether nothing after `reached` may be in the queue */
  readonly save: (reached: Reached, isSettled: boolean) => void;
  /** Notes that the whole file is in the queue, for a run over several files. */
  readonly finish: (reached: Reached) => void;
  /** Deletes the checkpoint, after all files are in the queue. */
  readonly remove: () => void;
}

/** What a run notes in a checkpoint besides how far it is. */
export interface Run {
  readonly queueUrl: string;
  readonly given: GivenOptions;
  /** The file of `--skip-bad`. */
  readonly badFile: string | undefined;
  /** When the load began, in ms since 1970: later times are not believed, and `--before 3d` counts from it. */
  readonly startedMs: number;
}

/**
 * The seal of the items up to one: a digest of what it is sent as and the seal before it. When a run continues, this has to be
 * the same for all that is in the queue or was left out, whatever the options; what comes after it may have been repaired.
 */
export function sealOf(before: string, { item, reading }: Entry): string {
  const isSent = reading.kind === 'event' || reading.kind === 'body';
  return hash('sha1', `${before}\n${reading.kind}\n${isSent ? reading.text : item.text}`, 'base64');
}

/** The path of the checkpoint of a file. */
export function checkpointOf(file: string): string {
  return `${file}.checkpoint`;
}

/** Returns when the load of these files began, in ms since 1970, by their checkpoints; undefined if there are none. */
export function startOfLoad(files: readonly string[]): number | undefined {
  const times = files
    .map(checkpointOf)
    .filter((path) => existsSync(path))
    .map((path) => parse(readFileSync(path, 'utf8'))['startedMs'])
    .filter((time) => typeof time === 'number');
  return times.length === 0 ? undefined : Math.min(...times);
}

/**
 * Opens the checkpoint of a file, which need not exist yet.
 *
 * @throws CallerError if the checkpoint belongs to another queue, or cannot be read; or if the options differ from those of an
 *   earlier run that was killed, since what it has sent last would be sent again and count twice
 */
export function openCheckpoint(file: string, { queueUrl, given, badFile, startedMs }: Run): Checkpoint {
  const path = checkpointOf(file);
  const { size, mtimeMs } = statSync(file);
  const known = existsSync(path) ? read(path, queueUrl) : undefined;
  const otherOptions = known === undefined ? undefined : describeDifference(known.given, given);
  if (otherOptions !== undefined && known?.isSettled === false) throw sentOtherwise(file, otherOptions);
  const write = (content: JsonObject): void => {
    const run = { queueUrl, startedMs, options: given, badFile };
    // Renaming is atomic: if the process dies here, the previous checkpoint stays.
    writeFileSync(`${path}.new`, `${JSON.stringify({ ...run, ...content })}\n`);
    renameSync(`${path}.new`, path);
  };
  return {
    reached: known?.reached ?? NOTHING_DONE,
    badBytesIn: (other) => (known?.badFile === other ? known.reached.badBytes : undefined),
    isFinished: otherOptions === undefined && known?.finished['size'] === size && known.finished['mtimeMs'] === mtimeMs,
    otherOptions,
    save(reached, isSettled) {
      // With nothing in the queue the caller can still choose another one.
      if (reached.done > 0 || badFile !== undefined) write({ ...reached, isSettled });
    },
    finish: (reached) => write({ ...reached, isSettled: true, finished: { size, mtimeMs } }),
    remove: () => rmSync(path, { force: true }),
  };
}

/** The error for a file of which something else is in the queue than these options would send. */
export function sentOtherwise(file: string, otherOptions: string): CallerError {
  return new CallerError(
    `${file} was sent in part with other options: ${otherOptions}. Give the same options to go on, or delete ${checkpointOf(file)} to start over`,
  );
}

interface Known {
  readonly reached: Reached;
  readonly given: GivenOptions;
  readonly badFile: string | undefined;
  readonly isSettled: boolean;
  readonly finished: JsonObject;
}

function read(path: string, queueUrl: string): Known {
  const { done, seal, badBytes, queueUrl: url, ...others } = parse(readFileSync(path, 'utf8'));
  const { options, badFile, isSettled, finished } = others;
  const isOther = url !== queueUrl && done !== 0;
  if (isOther || typeof done !== 'number' || typeof seal !== 'string' || typeof badBytes !== 'number') {
    throw new CallerError(`${path} belongs to another queue, or is damaged: delete it to start over`);
  }
  const texts = isObject(options) ? Object.entries(options).map(([name, value]) => [name, String(value)] as const) : [];
  return {
    reached: { done, seal, badBytes },
    given: Object.fromEntries(texts),
    badFile: typeof badFile === 'string' ? badFile : undefined,
    isSettled: isSettled === true,
    finished: isObject(finished) ? finished : {},
  };
}

function describeDifference(before: GivenOptions, now: GivenOptions): string | undefined {
  const names = [...new Set([...Object.keys(before), ...Object.keys(now)])].filter(
    (name) => before[name] !== now[name],
  );
  const one = (name: string): string =>
    `--${name} was ${before[name] ?? 'not given'} and is ${now[name] ?? 'not given'}`;
  return names.length === 0 ? undefined : names.map(one).join(', ');
}

function parse(text: string): JsonObject {
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : {};
  } catch {
    return {};
  }
}

import { open, type FileHandle } from 'node:fs/promises';
import { dirname } from 'node:path';
import { deleteMessages } from '../../lib/sqs/delete-messages.ts';
import { CallerError } from '../caller-error.ts';
import type { Connection } from '../connection.ts';
import { createPieceJoiner } from './join-pieces.ts';
import type { DeadLetter } from './read-dead-letter.ts';
import { isSelected, type Selection } from './selection.ts';
import { toCompleteness, type Completeness } from './unseen.ts';
import { visitDeadLetters, type VisitOptions } from './visit.ts';

/** Options of `exportDeadLetters`. */
export interface ExportOptions extends VisitOptions {
  readonly selection: Selection;
  /** `-` for standard output. */
  readonly file: string;
  /** Whether to delete each dead letter after it was written to the file. */
  readonly removes: boolean;
  readonly onProgress: (exported: number) => void;
}

/** What was written. */
export interface Exported extends Completeness {
  /** Dead letters; the pieces of one event count once. */
  readonly exported: number;
  /** Pieces whose others are missing. Each was written by itself, and none was deleted. */
  readonly apart: number;
}

/**
 * Writes dead letters as NDJSON: `{"deadLetter":{…why…},"event":…}` with the original event, or `body` instead of `event`
 * if it is not valid JSON. `enqueue` can read these lines. The pieces of an event that is too large for one message are joined.
 *
 * @throws CallerError for `removes` with standard output, if the file exists, or if its folder does not; Node's error if the
 *   file cannot be written
 */
export async function exportDeadLetters(
  { client, deadLetterQueueUrl }: Connection,
  options: ExportOptions,
): Promise<Exported> {
  const { selection, file, removes, onProgress } = options;
  if (file === '-' && removes) {
    throw new CallerError('--remove needs a file, since it is unknown whether standard output was stored');
  }
  const output = file === '-' ? undefined : await create(file);
  const joiner = createPieceJoiner();
  let exported = 0;
  try {
    const visited = await visitDeadLetters(client, deadLetterQueueUrl, options, async (deadLetters) => {
      const joined = joiner.add(deadLetters.filter((one) => isSelected(one, selection)));
      await write(output, joined.map(({ deadLetter }) => toLine(deadLetter)).join(''));
      exported += joined.length;
      onProgress(exported);
      if (!removes) return new Set();
      const written = joined.flatMap(({ messages }) => messages);
      const receiptHandles = written.map(({ receiptHandle }) => receiptHandle);
      await deleteMessages(client, deadLetterQueueUrl, receiptHandles);
      return new Set(written.map(({ id }) => id));
    });
    await write(output, joiner.waiting().map(toLine).join(''));
    return { exported, apart: joiner.waiting().length, ...toCompleteness(visited) };
  } finally {
    await output?.close();
  }
}

async function create(file: string): Promise<FileHandle> {
  try {
    return await open(file, 'wx');
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    if (code === 'EEXIST') throw new CallerError(`${file} exists already: name another file, or remove this one`);
    if (code === 'ENOENT') {
      throw new CallerError(`the folder ${dirname(file)} does not exist: create it, or name another file`);
    }
    throw error;
  }
}

/** Resolves only after the text is on disk, so that no dead letter is deleted before. */
async function write(output: FileHandle | undefined, text: string): Promise<void> {
  if (output === undefined) {
    await new Promise<void>((resolve, reject) => {
      process.stdout.write(text, (error) => (error ? reject(error) : resolve()));
    });
  } else {
    // Not write(), which may write only a part.
    await output.appendFile(text);
    await output.sync();
  }
}

/** Writes a dead letter as a line that ends at a line feed, its only one. `enqueue` reads it again. */
export function toLine({ body, id, reason, detail, heapStatus, failedAt, redrives, piece }: DeadLetter): string {
  const why = { id, reason, detail, heapStatus, failedAt: new Date(failedAt).toISOString(), redrives, piece };
  // The original text is kept. Line breaks can only occur between tokens, where a space is equivalent.
  const payload = isJson(body) ? `"event":${body.replaceAll(/[\r\n]+/g, ' ')}` : `"body":${JSON.stringify(body)}`;
  return `{"deadLetter":${JSON.stringify(why)},${payload}}\n`;
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

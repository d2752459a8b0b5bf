import { open, type FileHandle } from 'node:fs/promises';
import { deleteMessages } from '../../lib/sqs/delete-messages.ts';
import { CallerError } from '../caller-error.ts';
import type { Connection } from '../connection.ts';
import type { DeadLetter } from './read-dead-letter.ts';
import { isSelected, type Selection } from './selection.ts';
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

/**
 * Writes dead letters as NDJSON: `{"deadLetter":{…why…},"event":…}` with the original event, or `body` instead of `event`
 * if it is not valid JSON. `enqueue` can read these lines.
 *
 * @returns how many dead letters were written
 * @throws CallerError for `removes` with standard output; Node's error if the file exists or cannot be written
 */
export async function exportDeadLetters(
  { client, deadLetterQueueUrl }: Connection,
  { selection, file, removes, visibilityTimeoutS, signal, onProgress }: ExportOptions,
): Promise<number> {
  if (file === '-' && removes) {
    throw new CallerError('--remove needs a file, since it is unknown whether standard output was stored');
  }
  const output = file === '-' ? undefined : await open(file, 'wx');
  let exported = 0;
  try {
    await visitDeadLetters(client, deadLetterQueueUrl, { visibilityTimeoutS, signal }, async (deadLetters) => {
      const selected = deadLetters.filter((one) => isSelected(one, selection));
      await write(output, selected.map(toLine).join(''));
      exported += selected.length;
      onProgress(exported);
      if (!removes) return new Set();
      const receiptHandles = selected.map(({ receiptHandle }) => receiptHandle);
      await deleteMessages(client, deadLetterQueueUrl, receiptHandles);
      return new Set(selected.map(({ id }) => id));
    });
  } finally {
    await output?.close();
  }
  return exported;
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

function toLine({ body, id, reason, detail, heapStatus, failedAt, redrives }: DeadLetter): string {
  const why = { id, reason, detail, heapStatus, failedAt: new Date(failedAt).toISOString(), redrives };
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

import { open, type FileHandle } from 'node:fs/promises';
import { deleteMessages } from '../../lib/sqs/delete-messages.ts';
import { CallerError } from '../caller-error.ts';
import type { Connection } from '../connection.ts';
import type { DeadLetter } from './read-dead-letter.ts';
import { isSelected, type Selection } from './selection.ts';
import { visitDeadLetters, type VisitOptions } from './visit.ts';

export interface ExportOptions extends VisitOptions {
  readonly selection: Selection;
  /** `-` for standard output. */
  readonly file: string;
  /** Deletes each dead letter after its line is safely in the file. */
  readonly removes: boolean;
  readonly onProgress: (exported: number) => void;
}

/**
 * Writes dead letters as lines of JSON: `{"deadLetter":{…why…},"event":…}`, the event as it came; `body` instead of `event`
 * where it is not valid JSON. `enqueue` reads these lines again.
 *
 * @returns how many were written
 */
export async function exportDeadLetters(
  { client, deadLetterQueueUrl }: Connection,
  { selection, file, removes, visibilityTimeoutS, signal, onProgress }: ExportOptions,
): Promise<number> {
  if (file === '-' && removes) {
    throw new CallerError('--remove needs a file: whether standard output was stored cannot be known');
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

/** Nothing is deleted before it is on the disk. */
async function write(output: FileHandle | undefined, text: string): Promise<void> {
  if (output === undefined) {
    await new Promise<void>((resolve, reject) => {
      process.stdout.write(text, (error) => (error ? reject(error) : resolve()));
    });
  } else {
    // Not write(): it may write a part only.
    await output.appendFile(text);
    await output.sync();
  }
}

function toLine({ body, id, reason, detail, heapStatus, failedAt, redrives }: DeadLetter): string {
  const why = { id, reason, detail, heapStatus, failedAt: new Date(failedAt).toISOString(), redrives };
  // The event's own text, and not what parsing and writing would make of it. A line break between two tokens means nothing.
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

import { open, type FileHandle } from 'node:fs/promises';
import { DeleteMessageBatchCommand } from '@aws-sdk/client-sqs';
import { ConfigurationError } from '../../lib/config.ts';
import { inBatches } from '../../lib/sqs.ts';
import type { Connection } from '../connection.ts';
import { isSelected, type DeadLetter, type Selection } from './dead-letter.ts';
import { visitLetters, type Visiting } from './visit.ts';

export interface ExportOptions extends Visiting {
  readonly selection: Selection;
  /** `-` for standard output. */
  readonly file: string;
  /** Deletes each letter after its line is safely in the file. */
  readonly removes: boolean;
  readonly onProgress: (exported: number) => void;
}

/**
 * Writes letters as lines of JSON: `{"deadLetter":{…why…},"event":…}`, the event as it came; `body` instead of `event` where it is no
 * JSON. `enqueue` reads these lines again.
 *
 * @returns how many were written
 */
export async function exportLetters(
  { client, deadLetterQueueUrl }: Connection,
  { selection, file, removes, hold, signal, onProgress }: ExportOptions,
): Promise<number> {
  if (file === '-' && removes) {
    throw new ConfigurationError('--remove needs a file: nobody knows what becomes of the standard output');
  }
  const output = file === '-' ? undefined : await open(file, 'wx');
  let exported = 0;
  try {
    await visitLetters(client, deadLetterQueueUrl, { hold, signal }, async (letters) => {
      const selected = letters.filter((letter) => isSelected(letter, selection));
      await write(output, selected.map(toLine).join(''));
      exported += selected.length;
      onProgress(exported);
      if (!removes) return new Set();
      for (const batch of inBatches(selected, () => 0)) {
        const Entries = batch.map(({ receiptHandle }, index) => ({ Id: String(index), ReceiptHandle: receiptHandle }));
        await client.send(new DeleteMessageBatchCommand({ QueueUrl: deadLetterQueueUrl, Entries }));
      }
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

function toLine({ body, ...letter }: DeadLetter): string {
  const { id, reason, detail, heapStatus, failedAt, redrives } = letter;
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

import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { previewLine } from './preview-line.ts';
import { readConfig } from './read-config.ts';

/** Prints what Heap would get for each line of a file, or of standard input; nothing is sent. */
export async function preview(file: string | undefined, configFile: string | undefined): Promise<void> {
  const config = readConfig(configFile);
  const input = file === undefined || file === '-' ? process.stdin : createReadStream(file);
  for await (const line of createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY })) {
    const hasRoom = process.stdout.write(`${JSON.stringify(previewLine(line, config))}\n`);
    if (!hasRoom) await new Promise((resolve) => process.stdout.once('drain', resolve));
  }
}

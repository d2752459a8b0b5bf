import { previewBody } from '../lib/mapping/preview.ts';
import { readItems } from './backfill/read-items.ts';
import { readConfig } from './read-config.ts';

/** Prints what would be sent to Heap for each item of a file or of standard input. Nothing is sent. */
export async function preview(file: string | undefined, configFile: string | undefined): Promise<void> {
  const config = readConfig(configFile);
  for await (const { text } of readItems(file ?? '-', () => undefined)) {
    const hasRoom = process.stdout.write(`${JSON.stringify(previewBody(text, config, Date.now()))}\n`);
    if (!hasRoom) await new Promise((resolve) => process.stdout.once('drain', resolve));
  }
}

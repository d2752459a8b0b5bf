import { previewBody } from '../lib/mapping/preview.ts';
import { readItems } from './backfill/read-items.ts';
import { toBody } from './backfill/to-body.ts';
import { readConfig } from './read-config.ts';

/**
 * Prints what would be sent to Heap for each item of a file or of standard input, as `heapq enqueue` would load it. Nothing is
 * sent.
 */
export async function preview(file: string | undefined, configFile: string | undefined): Promise<void> {
  const config = readConfig(configFile);
  for await (const { text } of readItems(file ?? '-', () => undefined)) {
    const item = toBody(text);
    const shown = previewBody(item.kind === 'not_json' ? text : item.text, config, Date.now());
    const hasRoom = process.stdout.write(`${JSON.stringify(shown)}\n`);
    if (!hasRoom) await new Promise((resolve) => process.stdout.once('drain', resolve));
  }
}

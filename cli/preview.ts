import { once } from 'node:events';
import { previewBody } from '../lib/mapping/preview.ts';
import { readItems } from './backfill/read-items.ts';
import { toBody } from './backfill/to-body.ts';
import { closedOutputSignal } from './interrupt.ts';
import { readConfig } from './read-config.ts';

/**
 * Prints what would be sent to Heap for each item of a file or of standard input, as `heapq enqueue` would load it. Nothing is
 * sent. It ends when nobody reads the output any more.
 */
export async function preview(file: string | undefined, configFile: string | undefined): Promise<void> {
  const config = readConfig(configFile);
  for await (const { text } of readItems(file ?? '-', () => undefined)) {
    if (closedOutputSignal.aborted) return;
    const item = toBody(text);
    const shown = previewBody(item.kind === 'not_json' ? text : item.text, config, Date.now());
    const hasRoom = process.stdout.write(`${JSON.stringify(shown)}\n`);
    // Rejects when nobody reads any more, which the signal says as well.
    if (!hasRoom) await once(process.stdout, 'drain', { signal: closedOutputSignal }).catch(() => undefined);
  }
}

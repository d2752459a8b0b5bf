import { once } from 'node:events';
import { previewBody } from '../lib/mapping/preview.ts';
import { describeBad, openHistory } from './history/open-history.ts';
import type { ReadOptions } from './history/read-options.ts';
import { closedOutputSignal } from './interrupt.ts';
import { readConfig } from './read-config.ts';

/**
 * Prints what would be sent to Heap for each item of a file or of standard input, as `heapq enqueue` would load it. Nothing is
 * sent. It ends when nobody reads the output any more.
 *
 * @throws CallerError if the file is refused
 */
export async function preview(
  file: string | undefined,
  configFile: string | undefined,
  options: ReadOptions,
): Promise<void> {
  const config = readConfig(configFile);
  const name = file ?? '-';
  const { entries } = await openHistory(name, options, () => undefined, Date.now());
  for await (const entry of entries) {
    if (closedOutputSignal.aborted) return;
    const { reading } = entry;
    const shown =
      reading.kind === 'bad'
        ? { kind: 'rejected', reason: reading.code, detail: describeBad(name, entry) }
        : reading.kind === 'left_out'
          ? { kind: 'filtered', reason: reading.why }
          : previewBody(reading.text, config, Date.now());
    const hasRoom = process.stdout.write(`${JSON.stringify(shown)}\n`);
    // Rejects when nobody reads any more, which the signal says as well.
    if (!hasRoom) await once(process.stdout, 'drain', { signal: closedOutputSignal }).catch(() => undefined);
  }
}

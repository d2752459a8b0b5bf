import { once } from 'node:events';
import { previewBody } from '../lib/mapping/preview.ts';
import { describeBad, openHistory } from './history/open-history.ts';
import type { ReadOptions } from './history/read-options.ts';
import { closedOutputSignal } from './interrupt.ts';
import { readConfig } from './read-config.ts';
import { findTransformation } from './transformation.ts';

/** What it is shown with: files. */
export interface PreviewFlags {
  readonly config?: string;
  readonly transformation?: string;
}

/**
 * Prints what would be sent to Heap for each item of a file or of standard input, as `heapq enqueue` would load it. Nothing is
 * sent. The transformation is run, if there is one. It ends when nobody reads the output any more.
 *
 * @throws CallerError if the file or the transformation is refused
 */
export async function preview(file: string | undefined, flags: PreviewFlags, options: ReadOptions): Promise<void> {
  const config = readConfig(flags.config);
  const transformation = await findTransformation(flags.transformation);
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
          : previewBody(reading.text, config, Date.now(), transformation?.transformEvent);
    const hasRoom = process.stdout.write(`${JSON.stringify(shown)}\n`);
    // Rejects when nobody reads any more, which the signal says as well.
    if (!hasRoom) await once(process.stdout, 'drain', { signal: closedOutputSignal }).catch(() => undefined);
  }
}

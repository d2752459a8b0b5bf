import { randomUUID } from 'node:crypto';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openHistory, describeBad } from '../../cli/history/open-history.ts';
import { DEFAULT_READ_OPTIONS, type ReadOptions } from '../../cli/history/read-options.ts';
import type { Reading } from '../../cli/history/read-item.ts';
import { decide } from '../../lib/mapping/decide.ts';
import { unwrap } from '../../lib/rudderstack/envelope.ts';
import { readSettings } from '../../lib/rudderstack/settings.ts';

const folder = mkdtempSync(join(tmpdir(), 'history-'));

/** Writes a file with a name that says nothing of its content. */
export function fileOf(content: string | Buffer): string {
  const file = join(folder, randomUUID());
  writeFileSync(file, content);
  return file;
}

/** In ms since 1970. */
export const NOW_MS = Date.UTC(2026, 10, 1);

export const read = {
  /** Each item's reading. */
  async readings(content: string | Buffer, options: Partial<ReadOptions> = {}): Promise<readonly Reading[]> {
    const { entries } = await open(content, options);
    return (await Array.fromAsync(entries)).map(({ reading }) => reading);
  },
  /** The events of a file, and in words what is wrong with the other items. */
  async events(content: string | Buffer, options: Partial<ReadOptions> = {}): Promise<readonly unknown[]> {
    const { entries } = await open(content, options);
    return (await Array.fromAsync(entries)).flatMap((entry): unknown[] => {
      const { reading } = entry;
      if (reading.kind === 'bad') return [describeBad('FILE', entry)];
      if (reading.kind === 'left_out') return [reading.why];
      return unwrap(reading.text).map((one) => (one.kind === 'event' ? one.event : one.rejection));
    });
  },
  /** What Heap would get. */
  async calls(content: string | Buffer, options: Partial<ReadOptions>, config: object): Promise<readonly unknown[]> {
    const settings = readSettings({ appId: '1', ...config });
    const readings = await read.readings(content, options);
    return readings.flatMap((reading): unknown[] => {
      if (reading.kind === 'bad') return [reading];
      if (reading.kind === 'left_out') return [{ kind: 'filtered', reason: reading.why }];
      return unwrap(reading.text).map((one) => {
        const decision = one.kind === 'event' ? decide(one.event, settings, NOW_MS) : one.rejection;
        return decision.kind === 'mapped' ? decision.call : { kind: decision.kind, reason: decision.reason };
      });
    });
  },
  /** Why a file is refused; undefined if it is not. */
  async refusal(content: string | Buffer, options: Partial<ReadOptions> = {}): Promise<string | undefined> {
    try {
      const { entries } = await open(content, options);
      await entries.return(undefined);
      return undefined;
    } catch (error) {
      return error instanceof Error ? error.message.replace(/^\S*history-\S+?(?=[, ])/, 'FILE') : String(error);
    }
  },
};

async function open(content: string | Buffer, options: Partial<ReadOptions>): ReturnType<typeof openHistory> {
  return await openHistory(fileOf(content), { ...DEFAULT_READ_OPTIONS, ...options }, () => undefined, NOW_MS);
}

import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startHeapServer } from '../../local/heap-simulator/server.ts';
import { realisticEvents, recordsOf } from '../events.ts';
import { summarize } from '../measure.ts';
import type { Row } from '../row.ts';
import { FUNCTION_ENVIRONMENT } from './cold-start.ts';

const RECORDS = 10_000;
const MOST_BYTES = 6_000_000;
const MEGABYTE = 1024 * 1024;
const MEMORY_MB = 256;
const RUNS = 9;
/** V8 divides a heap by the machine's memory, which is not Lambda's here: a twentieth for new objects, nine tenths for old ones. */
const HEAP_LIMITS = [
  `--max-semi-space-size=${Math.floor(MEMORY_MB * 0.05)}`,
  `--max-old-space-size=${Math.floor(MEMORY_MB * 0.9)}`,
];
const INVOKE_ONCE = join(import.meta.dirname, '..', 'invoke-once.mjs');

/** The largest batch that Lambda hands over: 10,000 records within 6 MB, by the built function, in a process of its own. */
export async function measure(): Promise<Row> {
  const folder = mkdtempSync(join(tmpdir(), 'memory-'));
  try {
    const empty = join(folder, 'empty.mjs');
    writeFileSync(empty, 'export async function handler() { return { batchItemFailures: [] }; }');
    const payload = join(folder, 'event.json');
    const { text, records } = largestBatch();
    writeFileSync(payload, text);
    const built = join(import.meta.dirname, '..', '..', 'dist', 'forward', 'forward.mjs');
    const peaks = { empty: new Array<number>(), built: new Array<number>() };
    for (let run = 0; run < RUNS; run += 1) {
      // A fresh Heap for every run: the same events a second time would go over its rate limits.
      const heap = await startHeapServer();
      peaks.empty.push(await peakMegabytes(empty, payload, heap.url));
      peaks.built.push(await peakMegabytes(built, payload, heap.url));
      await heap.stop();
    }
    const [ofEmpty, ofBuilt] = [summarize(peaks.empty), summarize(peaks.built)];
    return {
      what: `Peak memory, ${records} records, ${(Buffer.byteLength(text) / 1e6).toFixed(1)} MB`,
      measured: { what: 'resident, the built function', unit: 'MB', value: ofBuilt.median, spread: ofBuilt.spread },
      baseline: {
        what: 'resident, an empty handler with the same event',
        unit: 'MB',
        value: ofEmpty.median,
        spread: ofEmpty.spread,
      },
      goal: { of: 'measured', atMost: MEMORY_MB / 2 },
      notes: [`${Math.round(MEMORY_MB - ofBuilt.median)} MB of a function of ${MEMORY_MB} MB stay free`],
    };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Small events, so that as many as may be fit into an invocation's 6 MB; each record has some 500 bytes of its own. */
function largestBatch(): { readonly text: string; readonly records: number } {
  const small = realisticEvents(RECORDS).map(({ type, event, userId, messageId, originalTimestamp }, index) =>
    JSON.stringify({
      type,
      event,
      userId,
      messageId,
      originalTimestamp,
      traits: { plan: 'pro' },
      properties: { index },
    }),
  );
  const records = recordsOf(small);
  while (Buffer.byteLength(JSON.stringify({ Records: records })) > MOST_BYTES) records.length -= 100;
  return { text: JSON.stringify({ Records: records }), records: records.length };
}

function peakMegabytes(bundle: string, payload: string, heapUrl: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const environment = { ...FUNCTION_ENVIRONMENT, HEAP_BASE_URL: heapUrl, MAXIMUM_CONCURRENCY: '1' };
    const args = [...HEAP_LIMITS, INVOKE_ONCE, bundle, payload];
    execFile(process.execPath, args, { env: environment, maxBuffer: 64 * MEGABYTE }, (error, stdout) => {
      const bytes = /^peak (\d+)$/m.exec(stdout)?.[1];
      if (error !== null || bytes === undefined) reject(new Error(`no measurement: ${stdout}`, { cause: error }));
      else resolve(Number(bytes) / MEGABYTE);
    });
  });
}

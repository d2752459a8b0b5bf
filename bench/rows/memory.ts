import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startHeapServer } from '../../local/heap-simulator/server.ts';
import { largestBatch } from '../events.ts';
import { summarize } from '../measure.ts';
import type { Row } from '../row.ts';
import { FUNCTION_ENVIRONMENT } from './cold-start.ts';

const MEGABYTE = 1024 * 1024;
const MEMORY_MB = 256;
const RUNS = 9;
const GOAL_MB = 100;
/** V8 derives these limits from the machine's memory; here they are set as for Lambda's memory. */
const HEAP_LIMITS = [
  `--max-semi-space-size=${Math.floor(MEMORY_MB * 0.05)}`,
  `--max-old-space-size=${Math.floor(MEMORY_MB * 0.9)}`,
];
const INVOKE_ONCE = join(import.meta.dirname, '..', 'invoke-once.mjs');

/** Runs the built function in a process of its own with Lambda's largest batch: 10,000 records within 6 MB. */
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
      // A new Heap for every run: sending the same events again would exceed its rate limits.
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
      goal: { of: 'measured', atMost: GOAL_MB },
      notes: [`${Math.round(MEMORY_MB - ofBuilt.median)} MB of a function of ${MEMORY_MB} MB stay free`],
    };
  } finally {
    rmSync(folder, { recursive: true });
  }
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

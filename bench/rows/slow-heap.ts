import { join } from 'node:path';
import { largestBatch } from '../events.ts';
import { startTlsBench } from '../invoke-over-tls.ts';
import { summarize } from '../measure.ts';
import type { Row } from '../row.ts';

const BUNDLE = join(import.meta.dirname, '..', '..', 'dist', 'forward', 'forward.mjs');
const HEAP_MS = 300;

/** Invokes the built function in fresh processes with Lambda's largest batch, all of it for one app. */
export async function measure(seconds: number): Promise<Row> {
  const { text, records } = largestBatch();
  using bench = await startTlsBench(text, HEAP_MS);
  const times: number[] = [];
  const cpu: number[] = [];
  const end = performance.now() + seconds * 1000;
  for (let round = 0; round < 6 || performance.now() < end; round += 1) {
    const { invocationMs, cpuMs } = await bench.invoke(BUNDLE);
    // The first round fills the disk cache and is not measured.
    if (round === 0) continue;
    times.push(invocationMs);
    cpu.push(cpuMs);
  }
  const { median, spread, runs } = summarize(times);
  return {
    what: `${records.toLocaleString('en')} records to one app, Heap answering in ${HEAP_MS} ms`,
    measured: { what: 'the first invocation of a process, over TLS', unit: 'ms', value: median, spread },
    baseline: { what: 'two answers of Heap: user properties, then events', unit: 'ms', value: 2 * HEAP_MS },
    goal: { of: 'measured', atMost: 1300 },
    notes: [`${runs} starts; ${Math.round(summarize(cpu).median)} ms of CPU, starting Node included`],
  };
}

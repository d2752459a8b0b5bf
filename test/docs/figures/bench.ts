import { performanceTable, remarks, showNumber } from '../../../bench/performance-table.ts';
import { ratioOf, type Row } from '../../../bench/row.ts';
import { readResult, type Result } from '../../../bench/result-file.ts';
import { MEMORY_PER_VCPU_MB } from '../../../local/cost/bill.ts';
import { sentence, type Sentence } from './sentence.ts';
import type { Figures } from './figures.ts';

const RECORDS = 1000;

/** What `npm run bench` has measured, in the pages. */
export function benchFigures(): Figures {
  const result = readResult();
  return {
    blocks: { bench: performanceTable(result), 'bench-remarks': remarks(result) },
    sentences: [...aboutInvocations(result), ...aboutMemory(result)],
  };
}

/** The row that the table has under this name, and whose text begins so. */
function rowOf({ rows }: Result, name: string, beginning = ''): Row {
  const found = rows.find((row) => row.name === name && row.what.startsWith(beginning));
  if (found === undefined) throw new Error(`bench/result.json has no row ${name} ${beginning}`);
  return found;
}

function aboutInvocations(result: Result): readonly Sentence[] {
  const inPage = sentence('docs/performance.md');
  const warmUp = rowOf(result, 'warm-up');
  const invocation = rowOf(result, 'invocation');
  const slow = rowOf(result, 'slow-heap');
  const usPerEvent = (ms: number): string => showNumber((ms * 1000) / RECORDS);
  const more = usPerEvent(invocation.measured.value - invocation.baseline.value);
  const cpuWith = (memoryMb: number): string => ((warmUp.measured.value * MEMORY_PER_VCPU_MB) / memoryMb).toFixed(0);
  return [
    inPage`the JSON baseline of the first row took ${showNumber(invocation.baseline.value)} ms in the saved run`,
    inPage`takes ${showNumber(slow.measured.value - slow.baseline.value)} ms more than Heap's two answers`,
    inPage`costs ${showNumber(ratioOf(warmUp))} times the 15th`,
    inPage`leaves ${usPerEvent(invocation.baseline.value / 2)} µs an event for everything`,
    inPage`the code takes ${more} µs more than the baseline`,
    inPage`A million events cost ${more} CPU seconds more than their JSON`,
    sentence(
      'docs/operations.md',
    )`the ${warmUp.measured.value.toFixed(0)} ms of CPU of a first invocation with 100 records`,
    sentence('docs/operations.md')`would take ${cpuWith(256)} ms instead of ${cpuWith(512)}.`,
  ];
}

function aboutMemory(result: Result): readonly Sentence[] {
  const inPage = sentence('docs/performance.md');
  const [hostile, memory] = [rowOf(result, 'hostile-memory'), rowOf(result, 'memory')];
  const history = rowOf(result, 'backfill', 'Peak memory of heapq enqueue, 1');
  const others = rowOf(result, 'backfill', 'Peak memory of heapq enqueue, the most');
  const [most, least] = [hostile.measured, hostile.baseline].map(({ value }) => value.toFixed(0));
  return [
    inPage`79 → 46 KB (${rowOf(result, 'bytes').measured.value.toFixed(0)} KB now`,
    inPage`therefore missed by ${(memory.measured.value - 100).toFixed(0)} MB.`,
    inPage`| Lambda's: 5 % and 90 % of \`MemorySize\` | ${most ?? ''} MB | ${least ?? ''} MB |`,
    sentence('docs/operations.md')`need ${least ?? ''} MB with the limits that Lambda sets for 256`,
    sentence(
      'docs/command-line.md',
    )`a million events, ${history.baseline.value.toFixed(0)} MB, took ${history.measured.value.toFixed(0)} MB, and the other formats up to ${others.measured.value.toFixed(0)} MB`,
  ];
}

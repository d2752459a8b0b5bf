import { invokeOften } from '../../local/lambda/invoke-often.ts';
import { realisticEvents } from '../events.ts';
import { summarize } from '../measure.ts';
import type { Row } from '../row.ts';

const RECORDS = 100;
const INVOCATIONS = 15;

/** Invokes the built function fifteen times in fresh processes: V8 interprets its code first, and compiles what is used often. */
export async function measure(seconds: number): Promise<Row> {
  const events = realisticEvents(RECORDS);
  const runs: (readonly number[])[] = [];
  const end = performance.now() + seconds * 1000;
  while (runs.length < 5 || performance.now() < end) {
    const { cpuMs } = await invokeOften(events, INVOCATIONS);
    runs.push(cpuMs);
  }
  const ofInvocation = (number: number) => summarize(runs.map((cpuMs) => cpuMs[number - 1] ?? Number.NaN));
  const [first, last] = [ofInvocation(1), ofInvocation(INVOCATIONS)];
  const between = [2, 3, 5, 10].map((number) => `${ofInvocation(number).median.toFixed(1)} ms for no. ${number}`);
  return {
    what: `First invocation of a container against the ${INVOCATIONS}th, ${RECORDS} records, CPU`,
    measured: { what: 'the first, Heap over plain HTTP', unit: 'ms', value: first.median, spread: first.spread },
    baseline: { what: `the ${INVOCATIONS}th`, unit: 'ms', value: last.median, spread: last.spread },
    goal: { of: 'nothing' },
    notes: [`${between.join(', ')}; ${runs.length} processes`],
  };
}

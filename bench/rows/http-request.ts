import { pathToFileURL } from 'node:url';
import { valueAt } from '../../lib/json.ts';
import { batchOf, HTTP_BUNDLE, requestOf, startStandIns } from '../http-function.ts';
import { measureCpu } from '../measure.ts';
import type { Row } from '../row.ts';

/** An SDK sends one event at once, or some dozens of them together. */
const SIZES = [1, 50] as const;
/** Parsing once takes less than the CPU clock's resolution. */
const PARSINGS = 500;
const CONTEXT = { awsRequestId: 'bench', functionName: 'ingest', getRemainingTimeInMillis: () => 15_000 };

/** Measures the built function from the request to the answer, the call to SQS included; SQS is another process. */
export async function measure(seconds: number): Promise<readonly Row[]> {
  const standIns = await startStandIns();
  try {
    Object.assign(process.env, standIns.environment);
    const { handler } = await import(pathToFileURL(HTTP_BUNDLE).href);
    const rows: Row[] = [];
    for (const size of SIZES) rows.push(await rowOf(size, handler, seconds / SIZES.length));
    return rows;
  } finally {
    standIns.stop();
  }
}

async function rowOf(
  size: number,
  handler: (event: object, context: object) => Promise<unknown>,
  seconds: number,
): Promise<Row> {
  const body = batchOf(size);
  const request = requestOf(body);
  const { whole, parsing } = await measureCpu(
    {
      async whole() {
        const status = valueAt(await handler(request, CONTEXT), ['statusCode']);
        if (status !== 200) throw new Error(`the function answered ${String(status)}`);
      },
      parsing() {
        for (let time = 0; time < PARSINGS; time += 1) JSON.parse(body);
      },
    },
    seconds,
  );
  return {
    what: `CPU of one HTTP request, ${size} event${size === 1 ? '' : 's'}, ${(body.length / 1000).toFixed(1)} KB`,
    measured: {
      what: 'from request to answer, SQS called',
      unit: 'µs',
      value: whole.median * 1000,
      spread: whole.spread,
    },
    baseline: {
      what: 'JSON.parse of the body',
      unit: 'µs',
      value: (parsing.median / PARSINGS) * 1000,
      spread: parsing.spread,
    },
    goal: { of: 'measured', atMost: 2000 },
    notes: [`${whole.runs} and ${parsing.runs} runs`],
  };
}

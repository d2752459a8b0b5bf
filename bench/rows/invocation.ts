import { realisticEvents, recordsOf } from '../events.ts';
import { createMeasuredHandler } from '../invocation.ts';
import { measureCpu } from '../measure.ts';
import type { Row } from '../row.ts';

const RECORDS = 1000;

export async function measure(seconds: number): Promise<Row> {
  const bodies = realisticEvents(RECORDS).map((event) => JSON.stringify(event));
  const records = recordsOf(bodies);
  const { handle, requests } = createMeasuredHandler();
  await handle({ Records: records });
  const made = requests().map((body): unknown => JSON.parse(body));
  const { invocation, baseline } = await measureCpu(
    {
      invocation: () => handle({ Records: records }),
      baseline() {
        for (const body of bodies) JSON.parse(body);
        for (const request of made) JSON.stringify(request);
      },
    },
    seconds,
  );
  return {
    what: `CPU of one invocation, ${RECORDS} records`,
    measured: {
      what: 'from envelope to answer, log and metrics included',
      unit: 'ms',
      value: invocation.median,
      spread: invocation.spread,
    },
    baseline: {
      what: 'JSON.parse of the bodies, JSON.stringify of the requests',
      unit: 'ms',
      value: baseline.median,
      spread: baseline.spread,
    },
    goal: { of: 'ratio', atMost: 1.5 },
    notes: [
      `${Math.round(bodies.join('').length / RECORDS)} bytes a body; ${invocation.runs} and ${baseline.runs} runs`,
    ],
  };
}

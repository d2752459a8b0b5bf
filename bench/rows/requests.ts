import { recordsOf, trackEvents } from '../events.ts';
import { createMeasuredHandler } from '../invocation.ts';
import type { Row } from '../row.ts';

const EVENTS = 10_000;

export async function measure(): Promise<Row> {
  const { handle, requests } = createMeasuredHandler();
  await handle({ Records: recordsOf(trackEvents(EVENTS).map((event) => JSON.stringify(event))) });
  return {
    what: `Requests to Heap for ${EVENTS} track events`,
    measured: { what: 'one invocation', unit: 'requests', value: requests().length },
    baseline: { what: 'one event a request, as RudderStack sends them', unit: 'requests', value: EVENTS },
    goal: { of: 'measured', atMost: 10 },
  };
}

import { LIMITS } from '../../lib/heap/api.ts';
import { CALM, runWorld } from '../../local/virtual/world.ts';
import { trackEvents } from '../events.ts';
import type { Row } from '../row.ts';

const CONTAINERS = 3;
const MINUTES = 10;
const MINUTE_MS = 60_000;

/**
 * Delivers a backlog in virtual time to the simulator, which answers 429 beyond Heap's rate limits. The first minute is left
 * out, because the rate windows are still empty.
 */
export async function measure(): Promise<Row> {
  const world = await runWorld({
    ...CALM,
    bodies: trackEvents((MINUTES + 2) * LIMITS.eventsPerMinute).map((event) => ({ body: JSON.stringify(event) })),
    maximumConcurrency: CONTAINERS,
    steadyLatencyMs: 300,
  });
  if (world.attempts.some(({ result }) => result !== 200)) throw new Error('Heap refused a request');
  const within = world.taken.filter(({ sentAt }) => {
    const atMs = sentAt - world.startedAt;
    return atMs >= MINUTE_MS && atMs < (MINUTES + 1) * MINUTE_MS;
  });
  const events = within.reduce((sum, one) => sum + one.events, 0);
  return {
    what: `Sustained rate over ${MINUTES} simulated minutes, ${CONTAINERS} containers, no 429`,
    measured: { what: 'events per minute that Heap has accepted', unit: 'events/min', value: events / MINUTES },
    baseline: { what: "Heap's limit", unit: 'events/min', value: LIMITS.eventsPerMinute },
    goal: { of: 'ratio', atLeast: 0.98 },
  };
}

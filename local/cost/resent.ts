import { isObject } from '../../lib/json.ts';
import { CALM, runWorld } from '../virtual/world.ts';

/** How much more is sent because some events of a backlog are bad: a request with a bad event is sent again in parts. */
export interface Resent {
  /** One event in so many is bad. */
  readonly oneBadAmong: number;
  /** The share of all events. */
  readonly resent: number;
}

const EVENTS = 60_000;
const EVENTS_IN_A_MESSAGE = 25;
const EVENTS_IN_A_BATCH = 1000;

/** Delivers a backlog with bad events in virtual time, with the real handler. */
export async function runResent(oneBadAmong: number, maximumConcurrency: number, heapMs: number): Promise<Resent> {
  const bodies = Array.from({ length: EVENTS / EVENTS_IN_A_MESSAGE }, (_, message) => ({
    body: bodyOf(message * EVENTS_IN_A_MESSAGE, oneBadAmong),
  }));
  const world = await runWorld({
    ...CALM,
    bodies,
    batchSize: EVENTS_IN_A_BATCH / EVENTS_IN_A_MESSAGE,
    maximumConcurrency,
    steadyLatencyMs: heapMs,
    isBad: ({ properties }) => isObject(properties) && properties['isBad'] === true,
  });
  if (world.problems.length > 0) throw new Error(world.problems.join('; '));
  const sent = world.attempts.reduce((sum, { entries }) => sum + entries, 0);
  return { oneBadAmong, resent: sent / EVENTS - 1 };
}

function bodyOf(first: number, oneBadAmong: number): string {
  const batch = Array.from({ length: EVENTS_IN_A_MESSAGE }, (_, place) => {
    const index = first + place;
    const isBad = index % oneBadAmong === Math.floor(oneBadAmong / 2);
    return { type: 'track', event: 'A', userId: `u-${index}`, messageId: `m-${index}`, properties: { isBad } };
  });
  return JSON.stringify({ batch });
}

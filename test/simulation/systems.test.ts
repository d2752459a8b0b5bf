import type { SimulatedEvent } from '../../simulation/model/event.ts';
import { createHeap } from '../../simulation/model/heap.ts';
import { createScheduler } from '../../simulation/model/scheduler.ts';
import type { Effect } from '../../simulation/scenarios/scenario.ts';
import { QUIET_DAY } from '../../simulation/scenarios/year.ts';
import { createConcurrency } from '../../simulation/systems/concurrency.ts';
import { powertoolsLambda } from '../../simulation/systems/powertools-lambda.ts';
import { rudderstack } from '../../simulation/systems/rudderstack.ts';
import { sampleLambda } from '../../simulation/systems/sample-lambda.ts';
import type { System } from '../../simulation/systems/system.ts';

const SECOND_MS = 1000;
const MINUTE_MS = 60 * SECOND_MS;

interface Faces {
  /** In ms since the start. */
  readonly atMs: number;
}

/** Sends one event a user in turn, all at the start, and returns what has become of them. */
async function run(system: System, users: readonly number[], effect: (faces: Faces) => Effect | undefined) {
  const scheduler = createScheduler();
  const random = (): number => 0.5;
  const heap = createHeap({ scheduler, random, effectOn: () => effect({ atMs: scheduler.now() }) });
  const events = users.map((user, id): SimulatedEvent => {
    const state = { timesStored: 0, storedAt: -1, isGivenUp: false };
    return { id, user, sentAt: 0, call: 'track', isBad: false, isExtra: false, ...state };
  });
  const { usage } = system.start({ scenario: QUIET_DAY, events, scheduler, random, heap });
  await scheduler.run(24 * 60 * MINUTE_MS);
  const storedAtS = events.map(({ storedAt }) => Math.round(storedAt / SECOND_MS));
  return {
    storedAtS,
    givenUp: events.map(({ isGivenUp }) => isGivenUp),
    requests: heap.counts.requests,
    usage: usage(),
  };
}

const failing =
  (status: number, untilMs = Infinity) =>
  ({ atMs }: Faces): Effect | undefined =>
    atMs < untilMs ? { kind: 'status', status, latencyMs: 100 } : undefined;

describe('RudderStack’s router', () => {
  test('sends a user’s events in order, each behind the tries of the one before', async () => {
    // Fails at 0.5 s, and is sent again 10 s and 20 s later.
    const { storedAtS } = await run(rudderstack, [1, 1, 2], failing(503, 15 * SECOND_MS));
    expect(storedAtS).toEqual([31, 31, 31]);
  });

  test('aborts at once after 403, and lets the user’s later events go', async () => {
    const { givenUp, requests } = await run(rudderstack, [1, 1, 1], failing(403));
    expect({ givenUp, requests }).toEqual({ givenUp: [true, true, true], requests: 3 });
  });

  test('aborts after three hours of 503, and never after 429', async () => {
    // Six tries in the first 310 s, and one every 300 s until 10,800 s are over.
    expect(await run(rudderstack, [1], failing(503))).toMatchObject({ givenUp: [true], requests: 40 });
    expect(await run(rudderstack, [1], failing(429))).toMatchObject({ givenUp: [false] });
  });
});

describe('the functions that send event by event', () => {
  test.each([sampleLambda, powertoolsLambda])('$name: gives an event up after five receives', async (system) => {
    const { givenUp, requests, usage } = await run(system, [1], failing(503));
    expect({ givenUp, requests }).toEqual({ givenUp: [true], requests: 5 });
    expect(usage).toMatchObject({ receives: 5, invocations: 5 });
  });

  test('the sample ends with its function’s timeout when Heap does not answer, and sends again after three minutes', async () => {
    const silent = ({ atMs }: Faces): Effect | undefined =>
      atMs < MINUTE_MS ? { kind: 'silence', isStored: false } : undefined;
    const { storedAtS, usage } = await run(sampleLambda, [1, 2], silent);
    expect(storedAtS).toEqual([180, 180]);
    expect(usage.gbSeconds).toBeGreaterThan(15);
  });

  test('with Powertools the requests of a batch go at once', async () => {
    const slow = (): Effect => ({ kind: 'slow', latencyMs: 4000 });
    expect((await run(sampleLambda, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12], slow)).storedAtS.toSorted()).toContain(6);
    expect(new Set((await run(powertoolsLambda, [1, 2, 3, 4, 5, 6], slow)).storedAtS)).toEqual(new Set([2]));
  });
});

test('Lambda starts with five invocations, adds 300 a minute while messages wait, and goes back', () => {
  let now = 0;
  const concurrency = createConcurrency(() => now);
  const after = (ms: number, waiting: number): number => {
    now += ms;
    return concurrency(waiting);
  };
  expect(after(0, 10_000)).toBe(5);
  expect(after(59_999, 10_000)).toBe(5);
  expect(after(1, 10_000)).toBe(305);
  expect([1, 2, 3, 4].map(() => after(MINUTE_MS, 10_000))).toEqual([605, 905, 1000, 1000]);
  expect([1, 2, 3, 4, 5].map(() => after(MINUTE_MS, 0))).toEqual([700, 400, 100, 5, 5]);
});

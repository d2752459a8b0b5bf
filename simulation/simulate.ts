import { createRandom } from '../local/virtual/random.ts';
import type { SimulatedEvent } from './model/event.ts';
import { createHeap, type HeapCounts } from './model/heap.ts';
import { createScheduler } from './model/scheduler.ts';
import type { Curve, Result, Usage } from './result.ts';
import { isWithin, type Scenario } from './scenarios/scenario.ts';
import { createTraffic } from './scenarios/traffic.ts';
import type { System } from './systems/system.ts';

export interface SimulationOptions {
  readonly scenario: Scenario;
  readonly system: System;
  /** The same seed gives the same run, and the same events to every system. */
  readonly seed: number;
  /** The part of the traffic that is simulated, in (0, 1]. Heap's limits stay, so a part of it shows less of them. */
  readonly scale?: number;
  /** Written into the result. */
  readonly commit?: string;
}

const HOUR_MS = 60 * 60 * 1000;
/** RudderStack keeps a job for 30 days; the others are done long before. */
const GOES_ON_MS = 30 * 24 * HOUR_MS;
const CURVE_STEPS = 150;

/** Runs one system through one scenario in virtual time, until it has nothing left to do. */
export async function simulate({ scenario, system, seed, scale = 1, commit = '' }: SimulationOptions): Promise<Result> {
  const events = createTraffic(scenario.traffic, seed, scale);
  const scheduler = createScheduler();
  const random = createRandom(seed);
  const { incident, traffic } = scenario;
  const heap = createHeap({
    scheduler,
    random,
    effectOn(call, caller) {
      if (incident.kind !== 'heap' || !isWithin(incident.span, scheduler.now())) return undefined;
      return incident.effect({ call, caller, atMs: scheduler.now(), random });
    },
  });
  const run = system.start({ scenario, events, scheduler, random, heap });
  await scheduler.run(traffic.hours * HOUR_MS + GOES_ON_MS);
  const names = { scenario: scenario.name, system: system.name, seed, commit };
  return { ...names, ...countEvents(events, traffic.hours), ...countUsage(run.usage(), heap.counts) };
}

function countUsage(
  { gbSeconds, invocations, receives, mostInFlight, reasons }: Usage,
  { requests, overLimits }: HeapCounts,
): Pick<Result, 'gbSeconds' | 'invocations' | 'receives' | 'mostInFlight' | 'reasons' | 'requests' | 'overLimits'> {
  const sorted = Object.fromEntries([...reasons].toSorted(([a], [b]) => (a < b ? -1 : 1)));
  return {
    requests,
    overLimits,
    gbSeconds: Math.round(gbSeconds),
    invocations,
    receives,
    mostInFlight,
    reasons: sorted,
  };
}

type EventFigures = Pick<
  Result,
  | 'events'
  | 'extraEvents'
  | 'badEvents'
  | 'lost'
  | 'givenUpThoughStored'
  | 'left'
  | 'twice'
  | 'p50'
  | 'p99'
  | 'longest'
  | 'curve'
>;

function countEvents(events: readonly SimulatedEvent[], hours: number): EventFigures {
  const good = events.filter(({ isBad }) => !isBad);
  const stored = good.filter(({ storedAt }) => storedAt >= 0);
  const missing = good.filter(({ storedAt }) => storedAt < 0);
  const lost = missing.filter(({ isGivenUp }) => isGivenUp).length;
  const delays = Float64Array.from(stored, ({ sentAt, storedAt }) => (storedAt - sentAt) / 1000).toSorted();
  const percentile = (share: number): number =>
    round(delays[Math.min(delays.length - 1, Math.floor(share * delays.length))] ?? 0);
  return {
    events: events.length,
    extraEvents: events.filter(({ isExtra }) => isExtra).length,
    badEvents: events.length - good.length,
    lost,
    left: missing.length - lost,
    givenUpThoughStored: stored.filter(({ isGivenUp }) => isGivenUp).length,
    twice: stored.filter(({ timesStored }) => timesStored > 1).length,
    p50: percentile(0.5),
    p99: percentile(0.99),
    longest: percentile(1),
    curve: drawCurve(good, hours),
  };
}

function round(seconds: number): number {
  return Math.round(seconds * 10) / 10;
}

/** The curve goes to the end of the traffic, or to the time when all but one in two hundred of the stored events are stored. */
function drawCurve(good: readonly SimulatedEvent[], hours: number): Curve {
  const times = Float64Array.from(
    good.filter(({ storedAt }) => storedAt >= 0),
    ({ storedAt }) => storedAt,
  ).toSorted();
  const last = times[Math.floor(times.length * 0.995)] ?? 0;
  const stepMinutes = Math.max(1, Math.ceil(Math.max(last, hours * HOUR_MS) / 60_000 / CURVE_STEPS));
  const sent = cumulate(Float64Array.from(good, ({ sentAt }) => sentAt).toSorted(), stepMinutes);
  return { stepMinutes, sent, stored: cumulate(times, stepMinutes) };
}

/** How many of the times, which are sorted, lie before the end of each step. */
function cumulate(times: Float64Array, stepMinutes: number): readonly number[] {
  const counts: number[] = [];
  let index = 0;
  for (let step = 1; step <= CURVE_STEPS; step += 1) {
    while ((times[index] ?? Infinity) < step * stepMinutes * 60_000) index += 1;
    counts.push(index);
  }
  return counts;
}

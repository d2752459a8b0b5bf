import type { Result } from '../../simulation/result.ts';
import { simulate } from '../../simulation/simulate.ts';
import type { Scenario } from '../../simulation/scenarios/scenario.ts';
import { QUIET_DAY, SCENARIOS } from '../../simulation/scenarios/year.ts';
import { SYSTEMS } from '../../simulation/systems/all.ts';
import { forwarder } from '../../simulation/systems/forwarder.ts';

/** A little of the traffic shows the same delays. Heap's limits are shown by the scenario with one busy user. */
const SCALE = 0.02;

function scenarioNamed(name: string): Scenario {
  const found = SCENARIOS.find((scenario) => scenario.name === name);
  if (found === undefined) throw new Error(`no scenario ${name}`);
  return found;
}

const run = async (scenario: Scenario, system = forwarder): Promise<Result> =>
  await simulate({ scenario, system, seed: 1, scale: SCALE });

const MINUTE_S = 60;
const HOUR_S = 60 * MINUTE_S;

/** What has to hold in every incident, whatever the policies are: the numbers are orders of magnitude. */
test.each<[string, number, number]>([
  ['out36', 10, HOUR_S],
  ['mixp', 20 * MINUTE_S, 8 * HOUR_S],
  ['slow12', 20, HOUR_S],
  ['fw403n', 10, 4 * HOUR_S],
  ['lambda', 20, 3 * HOUR_S],
  ['esm', 10, 6 * HOUR_S],
  ['crash', 10, HOUR_S],
])('%s: no good event is lost, and the delays are those of the incident', async (name, p50, p99) => {
  const result = await run(scenarioNamed(name));
  expect(result).toMatchObject({ lost: 0, left: 0, givenUpThoughStored: 0, overLimits: 0 });
  expect(result.p50).toBeLessThan(p50);
  expect(result.p99).toBeLessThan(p99);
});

test('one busy user exceeds no limit, and holds up nobody else', async () => {
  const scenario: Scenario = {
    ...QUIET_DAY,
    traffic: { startsAtHour: 9, hours: 0.5, extra: { kind: 'one_user', fromMinute: 5, minutes: 3, perSecond: 40 } },
  };
  expect(await run(scenario)).toMatchObject({ lost: 0, left: 0, overLimits: 0, extraEvents: 7200 });
});

test('an outage that is longer than the retry time is seen as lost events', async () => {
  const scenario: Scenario = {
    ...QUIET_DAY,
    traffic: { startsAtHour: 15, hours: 0.05 },
    incident: {
      kind: 'heap',
      span: { fromMinute: 0, minutes: 60 * 60 },
      effect: () => ({ kind: 'status', status: 503, latencyMs: 80 }),
    },
  };
  const { events, badEvents, lost, left, reasons } = await run(scenario);
  expect(events).toBeGreaterThan(10);
  expect({ lost, left }).toEqual({ lost: events - badEvents, left: 0 });
  expect(reasons).toMatchObject({ 'good event dead-lettered: retries_exhausted': lost });
});

test('every system gets the same events, and nothing disappears', async () => {
  const scenario = scenarioNamed('burst429');
  const results: Result[] = [];
  for (const system of SYSTEMS) results.push(await run(scenario, system));
  const [first] = results;
  for (const { events, badEvents, left, curve } of results) {
    expect({ events, badEvents, left, sent: curve.sent.at(-1) }).toEqual({
      events: first?.events,
      badEvents: first?.badEvents,
      left: 0,
      sent: (first?.events ?? 0) - (first?.badEvents ?? 0),
    });
  }
  const lost = Object.fromEntries(results.map(({ system, ...result }) => [system, result.lost]));
  // 30 minutes of 429: RudderStack waits for ever, and five receives three minutes apart are over sooner.
  expect(lost).toMatchObject({ forwarder: 0, rudderstack: 0 });
  expect(lost['sample']).toBeGreaterThan(0);
  expect(lost['powertools']).toBeGreaterThan(0);
});

test('the same seed gives the same run', async () => {
  const scenario = { ...QUIET_DAY, traffic: { startsAtHour: 9, hours: 0.2 } };
  expect(await run(scenario)).toEqual(await run(scenario));
});

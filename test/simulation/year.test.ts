import { showCount, showSeconds, showSpread } from '../../simulation/report/numbers.ts';
import { addUpYear } from '../../simulation/report/year.ts';
import type { Result } from '../../simulation/result.ts';
import type { Scenario } from '../../simulation/scenarios/scenario.ts';
import { QUIET_DAY } from '../../simulation/scenarios/year.ts';

function result(changes: Partial<Result>): Result {
  const counts = { badEvents: 0, lost: 0, givenUpThoughStored: 0, left: 0, twice: 0, overLimits: 0 };
  const usage = { requests: 0, gbSeconds: 0, invocations: 0, receives: 0, mostInFlight: 0, reasons: {} };
  const curve = { stepMinutes: 1, sent: [], stored: [] };
  const names = { scenario: '', system: '', seed: 1, commit: '' };
  return { ...names, events: 0, extraEvents: 0, ...counts, p50: 0, p99: 0, longest: 0, ...usage, curve, ...changes };
}

const outage: Scenario = { ...QUIET_DAY, name: 'outage', timesAYear: 2 };
const stress: Scenario = { ...QUIET_DAY, name: 'stress', timesAYear: 0 };
const quiet = result({ events: 1000, requests: 100, lost: 1 });

test('an incident takes the place of its part of a quiet day, without its extra traffic', () => {
  // 400 of 600 events are usual ones: the incident takes the place of 0.4 days.
  const incident = result({ events: 600, extraEvents: 200, requests: 90, lost: 7 });
  const year = addUpYear([QUIET_DAY, outage, stress], QUIET_DAY, ({ name }) => (name === 'quiet' ? quiet : incident));
  expect(year).toMatchObject({
    events: 365_000 + 2 * (600 - 400),
    requests: 36_500 + 2 * (90 - 40),
    lost: Math.round(365 + 2 * (7 - 0.4)),
  });
});

test('a year with a missing result is not added up', () => {
  const resultOf = ({ name }: Scenario): Result | undefined => (name === 'quiet' ? quiet : undefined);
  expect(addUpYear([QUIET_DAY, outage], QUIET_DAY, resultOf)).toBeUndefined();
  expect(addUpYear([QUIET_DAY, stress], QUIET_DAY, resultOf)).toBeDefined();
});

test.each<[number, string]>([
  [0, '0'],
  [999, '999'],
  [9999, '9,999'],
  [12_345, '12,300'],
  [1_174_735, '1.17 M'],
])('a count of %d is shown as %s', (count, shown) => {
  expect(showCount(count)).toBe(shown);
});

test.each<[number, string]>([
  [3.42, '3.4 s'],
  [99.94, '99.9 s'],
  [2762, '46 min'],
  [23_002, '6.4 h'],
])('%d seconds are shown as %s', (seconds, shown) => {
  expect(showSeconds(seconds)).toBe(shown);
});

test('a spread is least, median and most, or one number if they look the same', () => {
  expect(showSpread([30, 10, 20], String)).toBe('10 – 20 – 30');
  expect(showSpread([12_301, 12_302, 12_303], showCount)).toBe('12,300');
});

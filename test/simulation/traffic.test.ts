import { createTraffic, ratePerSecond } from '../../simulation/scenarios/traffic.ts';
import { QUIET_DAY, SCENARIOS } from '../../simulation/scenarios/year.ts';

test('events are numbered in the order in which they are sent, those of a backfill among the others', () => {
  const extra = { kind: 'backfill', fromMinute: 1, events: 600, perSecond: 5 } as const;
  const events = createTraffic({ startsAtHour: 3, hours: 0.1, extra }, 1);
  expect(events.map(({ id }) => id)).toEqual(events.map((_, index) => index));
  expect(events.every(({ sentAt }, index) => sentAt >= (events[index - 1]?.sentAt ?? 0))).toBe(true);
  expect(events.filter(({ isExtra }) => isExtra)).toHaveLength(600);
});

test('the same seed gives the same events, and another one gives others', () => {
  const plan = { startsAtHour: 10, hours: 0.1 };
  expect(createTraffic(plan, 1)).toEqual(createTraffic(plan, 1));
  expect(createTraffic(plan, 2)).not.toEqual(createTraffic(plan, 1));
});

test('a day has two short peaks, and fewest events at night', () => {
  expect([3, 10, 15, 20].map((hour) => Math.round(ratePerSecond(hour) * 10) / 10)).toEqual([1.3, 50, 8.1, 50]);
});

test('a year has about 160 million events', () => {
  const perDay = Array.from({ length: 24 * 3600 }, (_, second) => ratePerSecond(second / 3600)).reduce(
    (a, b) => a + b,
    0,
  );
  expect(Math.round((perDay * 365) / 1e6)).toBeGreaterThan(150);
  expect(Math.round((perDay * 365) / 1e6)).toBeLessThan(165);
});

test('every scenario has its own name, and its incident ends before its traffic', () => {
  expect(new Set(SCENARIOS.map(({ name }) => name)).size).toBe(SCENARIOS.length);
  expect(SCENARIOS[0]).toBe(QUIET_DAY);
  const late = SCENARIOS.filter(
    ({ incident, traffic }) =>
      incident.kind !== 'none' && incident.span.fromMinute + incident.span.minutes > traffic.hours * 60,
  );
  expect(late).toEqual([]);
});

import type { Result } from '../result.ts';
import type { Scenario } from '../scenarios/scenario.ts';

/** The figures of a year that are sums. */
export type YearFigure =
  | 'events'
  | 'badEvents'
  | 'lost'
  | 'givenUpThoughStored'
  | 'left'
  | 'twice'
  | 'requests'
  | 'overLimits'
  | 'gbSeconds'
  | 'receives';

export type Year = Readonly<Record<YearFigure, number>>;

/**
 * Adds up a year: 365 quiet days, and each incident as often as it happens, in place of the part of a quiet day that it takes the
 * place of.
 *
 * @param resultOf the result of a scenario
 * @returns undefined if a result is missing
 */
export function addUpYear(
  scenarios: readonly Scenario[],
  quietDay: Scenario,
  resultOf: (scenario: Scenario) => Result | undefined,
): Year | undefined {
  const quiet = resultOf(quietDay);
  if (quiet === undefined) return undefined;
  const incidents = scenarios.filter(({ name, timesAYear }) => name !== quietDay.name && timesAYear > 0);
  const results = incidents.map((scenario) => ({ scenario, result: resultOf(scenario) }));
  if (results.some(({ result }) => result === undefined)) return undefined;

  function sum(figure: YearFigure): number {
    const usual = quiet?.[figure] ?? 0;
    const extra = results.reduce((total, { scenario, result }) => {
      if (result === undefined || quiet === undefined) return total;
      const shareOfDay = (result.events - result.extraEvents) / quiet.events;
      return total + scenario.timesAYear * (result[figure] - usual * shareOfDay);
    }, 0);
    return Math.round(usual * quietDay.timesAYear + extra);
  }

  return {
    events: sum('events'),
    badEvents: sum('badEvents'),
    lost: sum('lost'),
    givenUpThoughStored: sum('givenUpThoughStored'),
    left: sum('left'),
    twice: sum('twice'),
    requests: sum('requests'),
    overLimits: sum('overLimits'),
    gbSeconds: sum('gbSeconds'),
    receives: sum('receives'),
  };
}

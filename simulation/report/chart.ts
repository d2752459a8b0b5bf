import { parse, View, type Mark, type Spec } from 'vega';
import type { Result } from '../result.ts';
import type { Scenario } from '../scenarios/scenario.ts';
import { SYSTEMS } from '../systems/all.ts';

/** The two functions often do the same, so one of them is dashed. */
const STYLES = [
  { color: '#0b6e4f', dash: [1, 0] },
  { color: '#b3541e', dash: [1, 0] },
  { color: '#5a5a8f', dash: [1, 0] },
  { color: '#c050b0', dash: [6, 6] },
];
const SENT = { title: 'sent', color: '#9a9a9a', dash: [2, 3] };

/** A tenth of a pixel is enough, and more would double the file. */
const LONG_NUMBER = /\d+\.\d{2,}/g;

/** Draws how many good events of a scenario are in Heap, hour by hour, for each system. Returns an SVG document. */
export async function drawChart(scenario: Scenario, results: readonly Result[]): Promise<string> {
  const view = new View(parse(specOf(scenario, results)), { renderer: 'none' });
  const svg = await view.toSVG();
  view.finalize();
  const named = svg.replace('<svg ', `<svg role="img" aria-label="${escape(scenario.title)}" `);
  return `${named.replaceAll(LONG_NUMBER, (number) => Number(number).toFixed(1))}\n`;
}

interface Line {
  readonly title: string;
  readonly color: string;
  readonly dash: readonly number[];
  readonly values: readonly Point[];
}

function linesOf(results: readonly Result[]): readonly Line[] {
  const endHour = Math.max(...results.map(({ curve }) => (curve.stepMinutes * curve.stored.length) / 60));
  const [first] = results;
  if (first === undefined) return [];
  const sent = { ...SENT, values: points(SENT.title, first, first.curve.sent, endHour) };
  const stored = SYSTEMS.flatMap(({ name, title }, index): readonly Line[] => {
    const result = results.find(({ system }) => system === name);
    if (result === undefined) return [];
    const values = points(title, result, result.curve.stored, endHour);
    return [{ title, values, ...(STYLES[index] ?? { color: 'black', dash: [1, 0] }) }];
  });
  return [sent, ...stored];
}

function specOf(scenario: Scenario, results: readonly Result[]): Spec {
  const lines = linesOf(results);
  const titles = lines.map(({ title }) => title);
  return {
    $schema: 'https://vega.github.io/schema/vega/v6.json',
    width: 640,
    height: 240,
    padding: 5,
    background: 'white',
    data: [
      { name: 'points', values: lines.flatMap(({ values }) => values) },
      { name: 'incident', values: [...spansOf(scenario)] },
    ],
    scales: [
      { name: 'x', type: 'linear', range: 'width', domain: { data: 'points', field: 'hour' } },
      { name: 'y', type: 'linear', range: 'height', domain: { data: 'points', field: 'events' }, nice: true },
      { name: 'color', type: 'ordinal', domain: titles, range: lines.map(({ color }) => color) },
      { name: 'dash', type: 'ordinal', domain: titles, range: lines.map(({ dash }) => [...dash]) },
    ],
    axes: [
      { orient: 'bottom', scale: 'x', title: 'hours since the start', tickCount: 10 },
      { orient: 'left', scale: 'y', title: 'good events in Heap', format: '~s', grid: true, tickCount: 5 },
    ],
    legends: [
      {
        stroke: 'color',
        strokeDash: 'dash',
        orient: 'bottom',
        direction: 'horizontal',
        symbolType: 'stroke',
        labelLimit: 400,
      },
    ],
    marks: [INCIDENT_MARK, LINE_MARKS],
  };
}

/** The shaded span in which something is wrong. */
const INCIDENT_MARK: Mark = {
  type: 'rect',
  from: { data: 'incident' },
  clip: true,
  encode: {
    enter: {
      x: { scale: 'x', field: 'from' },
      x2: { scale: 'x', field: 'to' },
      y: { value: 0 },
      y2: { signal: 'height' },
      fill: { value: '#f9ece6' },
    },
  },
};

const LINE_MARKS: Mark = {
  type: 'group',
  from: { facet: { name: 'line', data: 'points', groupby: 'system' } },
  marks: [
    {
      type: 'line',
      from: { data: 'line' },
      encode: {
        enter: {
          x: { scale: 'x', field: 'hour' },
          y: { scale: 'y', field: 'events' },
          stroke: { scale: 'color', field: 'system' },
          strokeDash: { scale: 'dash', field: 'system' },
          strokeWidth: { value: 1.75 },
        },
      },
    },
  ],
};

interface Point {
  readonly system: string;
  readonly hour: number;
  readonly events: number;
}

function points(
  system: string,
  { curve: { stepMinutes } }: Result,
  counts: readonly number[],
  endHour: number,
): readonly Point[] {
  return [
    { system, hour: 0, events: 0 },
    ...counts.map((events, index) => ({ system, hour: ((index + 1) * stepMinutes) / 60, events })),
    // A system that was done earlier stays where it was.
    { system, hour: endHour, events: counts.at(-1) ?? 0 },
  ];
}

interface HourSpan {
  readonly from: number;
  readonly to: number;
}

/** The hours in which something is wrong. */
function spansOf({ incident, traffic: { extra } }: Scenario): readonly HourSpan[] {
  if (incident.kind !== 'none') {
    const { fromMinute, minutes } = incident.span;
    return [{ from: fromMinute / 60, to: (fromMinute + minutes) / 60 }];
  }
  if (extra === undefined) return [];
  const minutes = extra.kind === 'one_user' ? extra.minutes : extra.events / extra.perSecond / 60;
  return [{ from: extra.fromMinute / 60, to: (extra.fromMinute + minutes) / 60 }];
}

function escape(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;');
}

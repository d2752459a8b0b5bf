import type { FacedRequest, Effect, Incident, Scenario, Source, Span } from './scenario.ts';
import type { TrafficPlan } from './traffic.ts';

/** Unless they say otherwise, incidents begin an hour after the start. */
const STARTS_AT_MINUTE = 60;
const ASSUMED: Source = { kind: 'assumed' };

/** Traffic from 09:00. */
function morning(hours: number): TrafficPlan {
  return { startsAtHour: 9, hours };
}

function heapIncident(minutes: number, effect: (request: FacedRequest) => Effect | undefined): Incident {
  return { kind: 'heap', span: lasting(minutes), effect };
}

function lasting(minutes: number): Span {
  return { fromMinute: STARTS_AT_MINUTE, minutes };
}

function documented(url: string, assumed?: string): Source {
  return { kind: 'documented', url, ...(assumed === undefined ? {} : { assumed }) };
}

/** Half of the requests of an outage that are never answered are stored all the same. */
function silence({ random }: FacedRequest): Effect {
  return { kind: 'silence', isStored: random() < 0.5 };
}

/** The first two minutes of every sixth hour, from the fifth on. */
function isInSpike(atMs: number): boolean {
  const minute = atMs / 60_000;
  return Math.floor(minute / 60) % 6 === 4 && minute % 60 < 2;
}

/** What goes wrong at Heap, or on the way to it. */
const HEAP_INCIDENTS: readonly Scenario[] = [
  {
    name: 'out36',
    title: 'Heap answers 500 to everything for 36 minutes',
    source: documented('https://status.heapanalytics.com/incidents/v8rjbpdz1dtr', 'that it comes twice a year'),
    timesAYear: 2,
    traffic: morning(4),
    incident: heapIncident(36, () => ({ kind: 'status', status: 500, latencyMs: 80 })),
  },
  {
    name: 'out82',
    title: 'Heap answers 503 to everything for 82 minutes',
    source: documented('https://status.heap.io/incidents/htndfqm6rj71', 'the status'),
    timesAYear: 1,
    traffic: morning(5),
    incident: heapIncident(82, () => ({ kind: 'status', status: 503, latencyMs: 80 })),
  },
  {
    name: 'oct28',
    title: 'For 6 h 23 min every user properties request fails with 500, and 54 % of the track requests',
    source: documented(
      'https://status.heapanalytics.com/incidents/hvrjfjhjp7zz',
      'the status, and that requests fail at random',
    ),
    timesAYear: 1,
    traffic: morning(10),
    incident: heapIncident(383, ({ call, random }) =>
      call === 'add_user_properties' || random() < 0.54 ? { kind: 'status', status: 500, latencyMs: 300 } : undefined,
    ),
  },
  {
    name: 'spikes',
    title: 'Four times a day, 47 % of the requests of two minutes end with 504 after 5 s',
    source: documented(
      'https://status.heap.io/incidents/pppxwjs90qt4',
      'length and share of a spike, which give its 0.26 % of a day',
    ),
    timesAYear: 18,
    traffic: { startsAtHour: 0, hours: 24 },
    incident: {
      kind: 'heap',
      span: { fromMinute: 0, minutes: 24 * 60 },
      effect: ({ atMs, random }) =>
        isInSpike(atMs) && random() < 0.47 ? { kind: 'status', status: 504, latencyMs: 5000 } : undefined,
    },
  },
  {
    name: 'mixp',
    title: 'For 4 h 50 min half of the requests are never answered, though half of those are stored; the rest take 4 s',
    source: documented(
      'https://mixpanel.com/blog/downtime-ingestion-api-post-mortem/',
      'the shares and the 4 s; the post-mortem tells the kind and the length',
    ),
    timesAYear: 1,
    traffic: morning(8),
    incident: heapIncident(290, (request) =>
      request.random() < 0.5 ? silence(request) : { kind: 'slow', latencyMs: 4000 },
    ),
  },
  {
    name: 'slow12',
    title: 'Every answer takes 12 s for an hour',
    source: ASSUMED,
    timesAYear: 1,
    traffic: morning(4),
    incident: heapIncident(60, () => ({ kind: 'slow', latencyMs: 12_000 })),
  },
  {
    name: 'hang10',
    title: 'For 3 hours a tenth of the requests is never answered, though half of those are stored',
    source: ASSUMED,
    timesAYear: 1,
    traffic: morning(6),
    incident: heapIncident(180, (request) => (request.random() < 0.1 ? silence(request) : undefined)),
  },
  {
    name: 'burst429',
    title: 'Heap answers 429 to everything for 30 minutes',
    source: ASSUMED,
    timesAYear: 4,
    traffic: morning(3),
    incident: heapIncident(30, () => ({ kind: 'status', status: 429, latencyMs: 60 })),
  },
  {
    name: 'ra',
    title: 'Heap answers 503 with `Retry-After: 3600` for 10 minutes',
    source: ASSUMED,
    timesAYear: 2,
    traffic: morning(4),
    incident: heapIncident(10, () => ({ kind: 'status', status: 503, latencyMs: 60, retryAfter: '3600' })),
  },
  {
    name: 'dns',
    title: 'No connection to Heap for 45 minutes',
    source: ASSUMED,
    timesAYear: 2,
    traffic: morning(4),
    incident: heapIncident(45, () => ({ kind: 'unreachable' })),
  },
  {
    name: 'fw403',
    title: 'A firewall answers 403 to everything for 2 hours',
    source: ASSUMED,
    timesAYear: 1,
    traffic: morning(5),
    incident: heapIncident(120, () => ({ kind: 'status', status: 403, latencyMs: 20 })),
  },
  {
    name: 'fw403n',
    title: 'The same at night, from 02:00',
    source: ASSUMED,
    timesAYear: 1,
    traffic: { startsAtHour: 1, hours: 5 },
    incident: heapIncident(120, () => ({ kind: 'status', status: 403, latencyMs: 20 })),
  },
  {
    name: 'appid',
    title: 'The app id is wrong for 2 hours: 400 to everything',
    source: ASSUMED,
    timesAYear: 1,
    traffic: morning(5),
    incident: heapIncident(120, () => ({ kind: 'status', status: 400, latencyMs: 60 })),
  },
  {
    name: 'halfnet',
    title: 'Every second process has no way out for an hour, as with a NAT gateway of one zone that fails',
    source: ASSUMED,
    timesAYear: 1,
    traffic: morning(4),
    incident: heapIncident(60, ({ caller }) => (caller % 2 === 1 ? { kind: 'unreachable' } : undefined)),
  },
];

/** What goes wrong at AWS. */
const AWS_INCIDENTS: readonly Scenario[] = [
  {
    name: 'lambda',
    title: 'Lambda fails to start 60 % of the invocations for 116 minutes',
    source: documented('https://aws.amazon.com/message/061323/', 'the share'),
    timesAYear: 1,
    traffic: morning(5),
    incident: { kind: 'invocations_fail', span: lasting(116), share: 0.6 },
  },
  {
    name: 'esm',
    title: 'Lambda does not poll the queue for 4 h 49 min',
    source: documented('https://aws.amazon.com/message/101925/'),
    timesAYear: 1,
    traffic: { startsAtHour: 0, hours: 8 },
    incident: { kind: 'polling_stops', span: lasting(289) },
  },
  {
    name: 'crash',
    title: 'For 30 minutes half of the invocations die after 0.1 s',
    source: ASSUMED,
    timesAYear: 2,
    traffic: morning(3),
    incident: { kind: 'crashes', span: lasting(30), share: 0.5, afterMs: 100 },
  },
];

/** What the senders do. */
const TRAFFIC_INCIDENTS: readonly Scenario[] = [
  {
    name: 'noisy',
    title: 'One user sends 40 events a second for 20 minutes',
    source: ASSUMED,
    timesAYear: 12,
    traffic: { ...morning(3), extra: { kind: 'one_user', fromMinute: 60, minutes: 20, perSecond: 40 } },
    incident: { kind: 'none' },
  },
  {
    name: 'backfill',
    title: 'Two million old events are loaded, 200 a second',
    source: ASSUMED,
    timesAYear: 1,
    traffic: {
      startsAtHour: 0,
      hours: 5,
      extra: { kind: 'backfill', fromMinute: 12, events: 2_000_000, perSecond: 200 },
    },
    incident: { kind: 'none' },
  },
];

/** Measured, and not part of the year. */
const STRESS: readonly Scenario[] = [
  {
    name: 'slow5',
    title: 'For 5 hours every answer takes 5 s, and 30 % of them are 503',
    source: ASSUMED,
    timesAYear: 0,
    traffic: morning(8),
    incident: heapIncident(300, ({ random }) =>
      random() < 0.3 ? { kind: 'status', status: 503, latencyMs: 5000 } : { kind: 'slow', latencyMs: 5000 },
    ),
  },
  {
    name: 'bf300',
    title: '300,000 old events are loaded, 200 a second',
    source: ASSUMED,
    timesAYear: 0,
    traffic: { startsAtHour: 0, hours: 1, extra: { kind: 'backfill', fromMinute: 6, events: 300_000, perSecond: 200 } },
    incident: { kind: 'none' },
  },
  {
    name: 'out10h',
    title: 'Heap answers 503 to everything for 10 hours',
    source: ASSUMED,
    timesAYear: 0,
    isOnRequest: true,
    traffic: morning(14),
    incident: heapIncident(600, () => ({ kind: 'status', status: 503, latencyMs: 80 })),
  },
  {
    name: 'props10h',
    title: 'User properties alone fail with 500 for 10 hours',
    source: ASSUMED,
    timesAYear: 0,
    isOnRequest: true,
    traffic: morning(14),
    incident: heapIncident(600, ({ call }) =>
      call === 'add_user_properties' ? { kind: 'status', status: 500, latencyMs: 300 } : undefined,
    ),
  },
];

/** A day on which nothing goes wrong. All other days of the year are like it. */
export const QUIET_DAY: Scenario = {
  name: 'quiet',
  title: 'A day on which nothing goes wrong',
  source: ASSUMED,
  timesAYear: 365,
  traffic: { startsAtHour: 0, hours: 24 },
  incident: { kind: 'none' },
};

/** All scenarios, the quiet day first. */
export const SCENARIOS: readonly Scenario[] = [
  QUIET_DAY,
  ...HEAP_INCIDENTS,
  ...AWS_INCIDENTS,
  ...TRAFFIC_INCIDENTS,
  ...STRESS,
];

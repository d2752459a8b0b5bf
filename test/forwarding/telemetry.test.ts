import type { BatchReport } from '../../lib/forwarding/forward.ts';
import type { ProblemCode } from '../../lib/forwarding/listener.ts';
import { createTelemetry } from '../../lib/forwarding/telemetry.ts';
import { NO_CUTS } from '../../lib/mapping/flatten.ts';
import { rejected } from '../../lib/outcome.ts';
import { DELIVERED, FAILED, FILTERED, RATE_LIMITED, REFUSED } from './processed.ts';

type Line = Readonly<Record<string, unknown>>;

function start() {
  const lines: Line[] = [];
  const telemetry = createTelemetry({ service: 'stack', level: 'INFO' }, (line) => lines.push(JSON.parse(line)));
  /** The lines since the last time: log lines, and metrics by name and, where they have one, by dimension. */
  const take = () => {
    const taken = lines.splice(0);
    const log = taken.filter((line) => !('_aws' in line));
    const metrics = taken
      .filter((line) => '_aws' in line)
      .flatMap(({ _aws, service: _service, reason, result, ...values }) =>
        Object.entries(values).map(([name, value]) => [[name, reason ?? result].filter(Boolean).join(' '), value]),
      );
    return { log, metrics: Object.fromEntries(metrics) };
  };
  return { telemetry, take };
}

const REPORT: BatchReport = {
  records: 5,
  outcomes: [DELIVERED, DELIVERED, FILTERED, REFUSED, REFUSED, FAILED, RATE_LIMITED],
  cuts: [
    { ...NO_CUTS, textsCut: 2 },
    { ...NO_CUTS, textsCut: 1, keysDropped: 4, withoutTime: 1 },
    { ...NO_CUTS, namesCollided: 2, withoutTime: 1, heapIdsDropped: 2 },
  ],
  recordsDeferred: 2,
  oldestRetryAgeMs: 1234,
};

test('keys of the settings that are not known are one line, and nothing if there are none', () => {
  const { telemetry, take } = start();
  telemetry.reportUnknownSettings([]);
  telemetry.reportUnknownSettings(['eventDelivery']);
  expect(take().log).toEqual([
    expect.objectContaining({ level: 'WARN', code: 'unknown_settings', keys: ['eventDelivery'], service: 'stack' }),
  ]);
});

test('an invocation becomes metrics: counts of events by what became of them, and why', () => {
  const { telemetry, take } = start();
  telemetry.reportBatch(REPORT);
  expect(take().metrics).toEqual({
    RecordsReceived: 5,
    RecordsDeferred: 2,
    EventsReceived: 7,
    OldestRetryAge: 1234,
    EventsDelivered: 2,
    EventsFiltered: 1,
    'EventsFiltered integrations': 1,
    EventsDeadLettered: 2,
    'EventsDeadLettered heap_refused': 2,
    EventsDeferred: 2,
    'EventsDeferred heap_error': 1,
    'EventsDeferred paced_identity': 1,
    HeapRequests: 0,
    TextsCut: 3,
    KeysDropped: 4,
    NamesCollided: 2,
    HeapIdsDropped: 2,
    EventsWithoutTime: 2,
  });
});

test('an invocation becomes one line of the log, with the same counts', () => {
  const { telemetry, take } = start();
  telemetry.reportBatch(REPORT);
  expect(take().log).toMatchObject([
    {
      level: 'INFO',
      code: 'batch_forwarded',
      records: 5,
      recordsDeferred: 2,
      events: 7,
      delivered: 2,
      filtered: { integrations: 1 },
      rejected: { heap_refused: 2 },
      deferred: { heap_error: 1, paced_identity: 1 },
      heapRequests: 0,
      heapMs: 0,
      oldestRetryAgeMs: 1234,
    },
  ]);
});

test('requests to Heap are counted with the invocation that made them, and once', () => {
  const { telemetry, take } = start();
  telemetry.onAttempt({ path: '/api/track', entries: 10, durationMs: 20.25, result: 200 });
  telemetry.onAttempt({ path: '/api/track', entries: 5, durationMs: 30.5, result: 503 });
  telemetry.onAttempt({ path: '/api/track', entries: 5, durationMs: 40, result: 'timeout' });
  telemetry.reportBatch(REPORT);
  const first = take();
  expect(first.metrics).toMatchObject({
    HeapRequests: 3,
    'HeapRequests 200': 1,
    'HeapRequests 503': 1,
    'HeapRequests timeout': 1,
    HeapLatency: [20.25, 30.5, 40],
    HeapEntries: [10, 5, 5],
  });
  expect(first.log).toMatchObject([{ heapRequests: 3, heapMs: 91 }]);
  telemetry.reportBatch(REPORT);
  expect(take().metrics).toMatchObject({ HeapRequests: 0 });
});

test('events that were merged are counted with the invocation that merged them, and once', () => {
  const { telemetry, take } = start();
  telemetry.onMerged(3);
  telemetry.onMerged(4);
  telemetry.reportBatch(REPORT);
  expect(take().metrics).toMatchObject({ EventsMerged: 7 });
  telemetry.reportBatch(REPORT);
  expect(take().metrics).not.toHaveProperty('EventsMerged');
});

test('no detail of an outcome is told: it may quote the event', () => {
  const { telemetry, take } = start();
  telemetry.reportBatch({ ...REPORT, outcomes: [rejected('heap_refused', 'secret-value')] });
  expect(JSON.stringify(take())).not.toContain('secret-value');
});

test.each<[ProblemCode]>([['dead_letter_send_failed'], ['visibility_change_failed'], ['internal_error']])(
  'the problem %s is an error in the log, which says where it happened and not what it choked on',
  (code) => {
    const { telemetry, take } = start();
    telemetry.onProblem(code, new TypeError('secret-value'));
    const { log } = take();
    expect(log).toMatchObject([{ level: 'ERROR', code, errorName: 'TypeError' }]);
    expect(JSON.stringify(log)).toContain('telemetry.test.ts');
    expect(JSON.stringify(log)).not.toContain('secret-value');
  },
);

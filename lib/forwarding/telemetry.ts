import type { Context } from 'aws-lambda';
import type { Attempt } from '../heap/client.ts';
import type { Outcome } from '../outcome.ts';
import { createLog, describeError, type LogSettings } from '../telemetry/log.ts';
import { createMetrics, type Metrics } from '../telemetry/metrics.ts';
import type { BatchReport } from './forward.ts';
import type { Listener, ProblemCode } from './listener.ts';

/**
 * The function's logs and metrics: structured log lines, and CloudWatch metrics in embedded metric format. They contain only
 * counts, codes and durations. Values of events never appear, nor details of outcomes, which may quote an event.
 */
export interface Telemetry extends Listener {
  readonly startInvocation: (context: Context) => void;
  /** Warns about keys of the settings that nothing reads. They are names of settings, never data of an event. */
  readonly reportUnknownSettings: (keys: readonly string[]) => void;
  /** Reports an invocation, with the attempts since the last report. */
  readonly reportBatch: (report: BatchReport) => void;
}

const PROBLEMS = {
  dead_letter_send_failed: 'A dead letter could not be sent; its record returns to the queue.',
  visibility_change_failed:
    'A visibility timeout could not be changed; the record returns earlier or later than intended.',
  internal_error: 'Unexpected error; the records concerned return to the queue.',
} as const satisfies Record<ProblemCode, string>;

/** The metric that counts the events of each kind of outcome. */
const OUTCOME_METRICS = {
  delivered: 'EventsDelivered',
  filtered: 'EventsFiltered',
  rejected: 'EventsDeadLettered',
  deferred: 'EventsDeferred',
} as const satisfies Record<Outcome['kind'], string>;

const CUT_METRICS = {
  textsCut: 'TextsCut',
  keysDropped: 'KeysDropped',
  reservedDropped: 'ReservedNamesDropped',
  eventNamesCut: 'EventNamesCut',
  namesCollided: 'NamesCollided',
  withoutTime: 'EventsWithoutTime',
  heapIdsDropped: 'HeapIdsDropped',
} as const;

/**
 * Creates the telemetry of the forwarding function.
 *
 * @param write receives each line; by default it goes to standard output
 */
export function createTelemetry(settings: LogSettings, write?: (line: string) => void): Telemetry {
  const log = createLog(settings, write);
  const metrics = createMetrics(settings, write);
  let attempts: Attempt[] = [];
  let merged = 0;

  return {
    startInvocation(context) {
      log.startInvocation(context);
    },

    reportUnknownSettings(keys) {
      if (keys.length > 0) log.warn('Settings that are not known are ignored', { code: 'unknown_settings', keys });
    },

    onAttempt(attempt) {
      attempts.push(attempt);
    },

    onMerged(events) {
      merged += events;
    },

    onProblem(code, error) {
      log.error(PROBLEMS[code], { code, ...describeError(error) });
    },

    reportBatch({ records, outcomes, cuts, recordsDeferred, oldestRetryAgeMs }) {
      metrics.add('RecordsReceived', 'Count', records);
      metrics.add('RecordsDeferred', 'Count', recordsDeferred);
      metrics.add('EventsReceived', 'Count', outcomes.length);
      metrics.add('OldestRetryAge', 'Milliseconds', oldestRetryAgeMs);
      const reasons = addOutcomes(metrics, outcomes);
      const heap = addAttempts(metrics, attempts);
      attempts = [];
      addCuts(metrics, cuts);
      if (merged > 0) metrics.add('EventsMerged', 'Count', merged);
      merged = 0;
      metrics.publish();

      log.info('Batch forwarded', {
        code: 'batch_forwarded',
        records,
        recordsDeferred,
        events: outcomes.length,
        ...reasons,
        ...heap,
        oldestRetryAgeMs,
      });
    },
  };
}

/** Adds the counts of the outcomes, and returns those of the delivered events and of the reasons for the log. */
function addOutcomes(metrics: Metrics, outcomes: readonly Outcome[]): Record<string, number | Record<string, number>> {
  const others = outcomes.filter((outcome) => outcome.kind !== 'delivered');
  const delivered = outcomes.length - others.length;
  metrics.add(OUTCOME_METRICS.delivered, 'Count', delivered);
  const reasonsByKind: Record<string, Record<string, number>> = {};
  for (const kind of ['filtered', 'rejected', 'deferred'] as const) {
    const name = OUTCOME_METRICS[kind];
    const ofKind = others.filter((outcome) => outcome.kind === kind);
    metrics.add(name, 'Count', ofKind.length);
    const reasons = countBy(ofKind, ({ reason }) => reason);
    addEach(metrics, name, 'reason', reasons);
    if (reasons.size > 0) reasonsByKind[kind] = Object.fromEntries(reasons);
  }
  return { delivered, ...reasonsByKind };
}

/** Adds the requests to Heap, and returns their totals for the log. */
function addAttempts(metrics: Metrics, attempts: readonly Attempt[]): Record<string, number> {
  metrics.add('HeapRequests', 'Count', attempts.length);
  const results = countBy(attempts, ({ result }) => String(result));
  addEach(metrics, 'HeapRequests', 'result', results);
  for (const { durationMs, entries } of attempts) {
    metrics.add('HeapLatency', 'Milliseconds', durationMs);
    metrics.add('HeapEntries', 'Count', entries);
  }
  const heapMs = attempts.reduce((sum, { durationMs }) => sum + durationMs, 0);
  return { heapRequests: attempts.length, heapMs: Math.round(heapMs) };
}

function addCuts(metrics: Metrics, cuts: BatchReport['cuts']): void {
  for (const [cut, name] of entriesOf(CUT_METRICS)) {
    const count = cuts.reduce((sum, one) => sum + one[cut], 0);
    if (count > 0) metrics.add(name, 'Count', count);
  }
}

function addEach(metrics: Metrics, name: string, dimension: string, counts: ReadonlyMap<string, number>): void {
  for (const [value, count] of counts) metrics.addBy(dimension, value, name, count);
}

function countBy<Item>(items: readonly Item[], keyOf: (item: Item) => string): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const item of items) {
    const key = keyOf(item);
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  return counts;
}

function entriesOf<Key extends string, Value>(record: Readonly<Record<Key, Value>>): [Key, Value][];
function entriesOf(record: Readonly<Record<string, unknown>>): [string, unknown][] {
  return Object.entries(record);
}

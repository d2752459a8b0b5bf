import { Logger } from '@aws-lambda-powertools/logger';
import { Metrics, MetricUnit } from '@aws-lambda-powertools/metrics';
import type { Context } from 'aws-lambda';
import type { BatchReport } from './forwarding/forward.ts';
import type { SettleProblem } from './forwarding/settle.ts';
import type { Outcome } from './outcome.ts';

/**
 * What the function tells the outside: structured log lines, and CloudWatch metrics in embedded metric format. Counts,
 * codes and durations only; nothing that an event carries, and no detail of an outcome, since that may quote the event.
 */
export interface Telemetry {
  startInvocation(context: Context): void;
  reportBatch(report: BatchReport): void;
  /** Something went wrong that the function has coped with. */
  reportProblem(code: SettleProblem | 'internal_error', error: unknown): void;
}

export const METRICS_NAMESPACE = 'RudderStackToHeap';

const PROBLEMS = {
  dead_letter_send_failed: 'The dead-letter queue did not take a letter; its record goes back to the queue.',
  visibility_change_failed:
    'A visibility timeout could not be changed; the record comes back earlier or later than meant.',
  internal_error: 'Something failed that was not foreseen; what it concerns goes back to the queue.',
} as const;

/** The metric that counts events of each kind of outcome. */
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
} as const;

/** Logger and metrics by Powertools for AWS Lambda; log level and service name come from its own variables. */
export function createTelemetry(): Telemetry {
  const logger = new Logger();
  const metrics = new Metrics({ namespace: METRICS_NAMESPACE });

  function addEach(name: string, dimension: string, counts: ReadonlyMap<string, number>): void {
    for (const [value, count] of counts) {
      metrics.singleMetric().addDimension(dimension, value).addMetric(name, MetricUnit.Count, count);
    }
  }

  function addOutcomes(outcomes: readonly Outcome[]): Record<string, Record<string, number>> {
    const reasonsByKind: Record<string, Record<string, number>> = {};
    for (const [kind, name] of Object.entries(OUTCOME_METRICS)) {
      const ofKind = outcomes.filter((outcome) => outcome.kind === kind);
      metrics.addMetric(name, MetricUnit.Count, ofKind.length);
      const reasons = countBy(ofKind, (outcome) => (outcome.kind === 'delivered' ? undefined : outcome.reason));
      addEach(name, 'reason', reasons);
      if (reasons.size > 0) reasonsByKind[kind] = Object.fromEntries(reasons);
    }
    return reasonsByKind;
  }

  return {
    startInvocation(context) {
      logger.addContext(context);
    },

    reportBatch({ records, outcomes, tries, cuts, recordsDeferred, oldestRecordAgeMs }) {
      metrics.addMetric('RecordsReceived', MetricUnit.Count, records);
      metrics.addMetric('RecordsDeferred', MetricUnit.Count, recordsDeferred);
      metrics.addMetric('EventsReceived', MetricUnit.Count, outcomes.length);
      metrics.addMetric('OldestRecordAge', MetricUnit.Milliseconds, oldestRecordAgeMs);
      const reasons = addOutcomes(outcomes);

      metrics.addMetric('HeapRequests', MetricUnit.Count, tries.length);
      addEach(
        'HeapRequests',
        'result',
        countBy(tries, ({ result }) => String(result)),
      );
      for (const { durationMs, entries } of tries) {
        metrics.addMetric('HeapLatency', MetricUnit.Milliseconds, durationMs);
        metrics.addMetric('HeapEntries', MetricUnit.Count, entries);
      }
      for (const [cut, name] of entriesOf(CUT_METRICS)) {
        const count = cuts.reduce((sum, one) => sum + one[cut], 0);
        if (count > 0) metrics.addMetric(name, MetricUnit.Count, count);
      }
      metrics.publishStoredMetrics();

      logger.info('Batch forwarded', {
        code: 'batch_forwarded',
        records,
        recordsDeferred,
        events: outcomes.length,
        delivered: outcomes.filter(({ kind }) => kind === 'delivered').length,
        ...reasons,
        heapRequests: tries.length,
        heapMs: Math.round(tries.reduce((sum, { durationMs }) => sum + durationMs, 0)),
        oldestRecordAgeMs,
      });
    },

    reportProblem(code, error) {
      logger.error(PROBLEMS[code], { code, ...describeError(error) });
    },
  };
}

function countBy<Item>(items: readonly Item[], keyOf: (item: Item) => string | undefined): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const item of items) {
    const key = keyOf(item);
    if (key !== undefined) counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  return counts;
}

/** What a log may say of an error: its class and where it happened. The message may quote what it choked on. */
export function describeError(error: unknown): { readonly errorName: string; readonly stack: readonly string[] } {
  return { errorName: error instanceof Error ? error.name : typeof error, stack: stackOf(error) };
}

/** Without the first line, which holds the message. */
function stackOf(error: unknown): readonly string[] {
  if (!(error instanceof Error)) return [];
  return (error.stack ?? '')
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line.startsWith('at '));
}

function entriesOf<Key extends string, Value>(record: Readonly<Record<Key, Value>>): [Key, Value][];
function entriesOf(record: Readonly<Record<string, unknown>>): [string, unknown][] {
  return Object.entries(record);
}

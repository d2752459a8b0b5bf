import type { Context } from 'aws-lambda';
import type { Outcome } from '../outcome.ts';
import { createLog, describeError, type LogSettings } from '../telemetry/log.ts';
import { createMetrics } from '../telemetry/metrics.ts';
import type { BatchReport } from './forward.ts';
import type { SettleProblem } from './settle.ts';

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

export function createTelemetry(settings: LogSettings, write?: (line: string) => void): Telemetry {
  const log = createLog(settings, write);
  const metrics = createMetrics(settings, write);

  function addEach(name: string, dimension: string, counts: ReadonlyMap<string, number>): void {
    for (const [value, count] of counts) metrics.addBy(dimension, value, name, count);
  }

  function addOutcomes(outcomes: readonly Outcome[]): Record<string, Record<string, number>> {
    const byKind = Map.groupBy(outcomes, ({ kind }) => kind);
    const reasonsByKind: Record<string, Record<string, number>> = {};
    for (const [kind, name] of entriesOf(OUTCOME_METRICS)) {
      const ofKind = byKind.get(kind) ?? [];
      metrics.add(name, 'Count', ofKind.length);
      const reasons = countBy(ofKind, (outcome) => (outcome.kind === 'delivered' ? undefined : outcome.reason));
      addEach(name, 'reason', reasons);
      if (reasons.size > 0) reasonsByKind[kind] = Object.fromEntries(reasons);
    }
    return reasonsByKind;
  }

  return {
    startInvocation(context) {
      log.startInvocation(context);
    },

    reportBatch({ records, outcomes, tries, cuts, recordsDeferred, oldestRecordAgeMs }) {
      metrics.add('RecordsReceived', 'Count', records);
      metrics.add('RecordsDeferred', 'Count', recordsDeferred);
      metrics.add('EventsReceived', 'Count', outcomes.length);
      metrics.add('OldestRecordAge', 'Milliseconds', oldestRecordAgeMs);
      const reasons = addOutcomes(outcomes);

      metrics.add('HeapRequests', 'Count', tries.length);
      addEach(
        'HeapRequests',
        'result',
        countBy(tries, ({ result }) => String(result)),
      );
      for (const { durationMs, entries } of tries) {
        metrics.add('HeapLatency', 'Milliseconds', durationMs);
        metrics.add('HeapEntries', 'Count', entries);
      }
      for (const [cut, name] of entriesOf(CUT_METRICS)) {
        const count = cuts.reduce((sum, one) => sum + one[cut], 0);
        if (count > 0) metrics.add(name, 'Count', count);
      }
      metrics.publish();

      log.info('Batch forwarded', {
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
      log.error(PROBLEMS[code], { code, ...describeError(error) });
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

function entriesOf<Key extends string, Value>(record: Readonly<Record<Key, Value>>): [Key, Value][];
function entriesOf(record: Readonly<Record<string, unknown>>): [string, unknown][] {
  return Object.entries(record);
}

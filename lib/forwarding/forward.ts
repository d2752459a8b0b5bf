import type { SQSBatchItemFailure, SQSBatchResponse, SQSRecord } from 'aws-lambda';
import type { Deliver } from '../heap/deliver.ts';
import { NO_CUTS, type Cuts } from '../mapping/flatten.ts';
import { backsOff, type Outcome } from '../outcome.ts';
import { firstReceivedAt } from '../sqs/record.ts';
import type { Optional } from './optional.ts';
import type { OutcomeCache } from './outcome-cache.ts';
import { INTERNAL_ERROR, prepare, type PrepareDependencies } from './prepare.ts';
import { deferredOf, isDeferred, type ProcessedRecord } from './processed-record.ts';

/** The result of one invocation, for telemetry. Only the outcomes' details may quote values of an event. */
export interface BatchReport {
  readonly records: number;
  readonly outcomes: readonly Outcome[];
  /** Of the events of which something was cut. */
  readonly cuts: readonly Cuts[];
  /** Records that return to the queue. */
  readonly recordsDeferred: number;
  /** How long ago the oldest of the records that go back after a failed attempt was first received, in ms; 0 if there is none. */
  readonly oldestRetryAgeMs: number;
}

/** What `forward` uses. */
export interface ForwardDependencies extends PrepareDependencies {
  readonly deliver: Deliver;
  /** Sends dead letters and sets visibility timeouts. Returns the final outcomes. */
  readonly settle: (processed: readonly ProcessedRecord[], deadline: number) => Promise<readonly ProcessedRecord[]>;
  readonly outcomeCache: OutcomeCache;
  /** For events that make several calls; undefined if nothing makes several. */
  readonly optional?: Pick<Optional, 'callsOf' | 'joinOutcomes'> | undefined;
}

/** When each phase of an invocation has to end, in ms since 1970. */
export interface Deadlines {
  readonly sending: number;
  readonly settling: number;
}

/**
 * Processes one batch of SQS records: unwrap, decide, deliver, settle. It never throws, since that would return the whole
 * batch to the queue, including delivered events.
 *
 * @returns Lambda's partial batch response, and the report for telemetry
 * @see https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html
 */
export async function forward(
  records: readonly SQSRecord[],
  deadlines: Deadlines,
  dependencies: ForwardDependencies,
): Promise<{ readonly response: SQSBatchResponse; readonly report: BatchReport }> {
  const { clock, deliver, outcomeCache, listener, optional } = dependencies;
  const { prepared, pending } = prepare(records, dependencies);
  try {
    await deliver(optional?.callsOf(pending) ?? pending, deadlines.sending);
  } catch (error) {
    listener.onProblem('internal_error', error);
  }

  optional?.joinOutcomes(pending);
  const outcomes: Outcome[] = [];
  const returned: SQSBatchItemFailure[] = [];
  let oldestRetryAgeMs = 0;
  for (const one of await settleOrDefer(prepared, deadlines.settling, dependencies)) {
    outcomeCache.note(one);
    if (isDeferred(one)) {
      returned.push({ itemIdentifier: one.record.messageId });
      oldestRetryAgeMs = Math.max(oldestRetryAgeMs, retryAgeMs(one, clock.now()));
    }
    for (const { outcome } of one.events) outcomes.push(outcome);
  }

  return {
    response: { batchItemFailures: returned },
    report: {
      records: records.length,
      outcomes,
      cuts: pending.map(({ cuts }) => cuts).filter((cuts) => cuts !== NO_CUTS),
      recordsDeferred: returned.length,
      oldestRetryAgeMs,
    },
  };
}

/** If settling fails, the rejected events are deferred, since their dead letters may not have been sent. */
async function settleOrDefer(
  processed: readonly ProcessedRecord[],
  deadline: number,
  { settle, listener }: ForwardDependencies,
): Promise<readonly ProcessedRecord[]> {
  try {
    return await settle(processed, deadline);
  } catch (error) {
    listener.onProblem('internal_error', error);
    return processed.map(({ record, events }) => ({
      record,
      events: events.map((event) =>
        event.outcome.kind === 'rejected' ? { ...event, outcome: INTERNAL_ERROR } : event,
      ),
    }));
  }
}

/** A record that waits for its turn is not being retried. */
function retryAgeMs(processed: ProcessedRecord, now: number): number {
  return deferredOf(processed).some(backsOff) ? now - firstReceivedAt(processed.record, now) : 0;
}

import type { SQSBatchResponse, SQSRecord } from 'aws-lambda';
import type { Settings } from '../config.ts';
import type { PendingCall } from '../heap/bulk.ts';
import type { Try } from '../heap/client.ts';
import type { EntryOutcome } from '../heap/cut-out.ts';
import { decide } from '../mapping/decide.ts';
import type { Cuts } from '../mapping/flatten.ts';

import type { Deferred, Outcome } from '../outcome.ts';
import { unwrap } from '../rudderstack/envelope.ts';
import type { RudderStackEvent } from '../rudderstack/event.ts';
import { deliver, type DeliverDependencies } from './deliver.ts';
import type { DecidedEvents } from './decided-events.ts';
import { deferredOf, settle, type ProcessedRecord, type SettleDependencies } from './settle.ts';

/** What is to be known of one invocation afterwards; no value of an event is in it but in the details of outcomes. */
export interface BatchReport {
  readonly records: number;
  readonly outcomes: readonly Outcome[];
  readonly tries: readonly Try[];
  readonly cuts: readonly Cuts[];
  /** Records that go back to the queue. */
  readonly recordsDeferred: number;
  /** How long the oldest record has been in the queue, in ms. */
  readonly oldestRecordAgeMs: number;
}

export interface ForwardDependencies extends DeliverDependencies, SettleDependencies {
  readonly settings: Settings;
  readonly decidedEvents: DecidedEvents;
  /** Told of a failure that nobody foresaw; what it concerns is deferred. */
  readonly onInternalError: (error: unknown) => void;
}

/** Until when an invocation may do what, in ms since 1970. */
export interface Deadlines {
  readonly sending: number;
  readonly settling: number;
}

/**
 * Works through one batch of SQS records: unwrap, admit, map, deliver, settle. It never throws: a throw would return the
 * whole batch to the queue, delivered events included.
 *
 * @returns Lambda's partial batch response, and what there is to tell
 * @see https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html
 */
export async function forward(
  records: readonly SQSRecord[],
  deadlines: Deadlines,
  dependencies: ForwardDependencies,
): Promise<{ readonly response: SQSBatchResponse; readonly report: BatchReport }> {
  const { clock, decidedEvents, onInternalError } = dependencies;
  const tries: Try[] = [];
  const prepared = records.map((record) => ({ record, events: prepare(record, dependencies) }));

  const pending = pendingOf(prepared);
  let answers: ReadonlyMap<PendingCall, EntryOutcome> = new Map();
  try {
    answers = await deliver(pending, deadlines.sending, (happened) => tries.push(happened), dependencies);
  } catch (error) {
    onInternalError(error);
  }

  const processed = prepared.map(({ record, events }): ProcessedRecord => ({
    record,
    events: events.map(({ step, text, eventMessageId }) => ({
      text,
      eventMessageId,
      outcome: step.kind === 'pending' ? (answers.get(step) ?? internalError) : step.outcome,
    })),
  }));
  const settled = await settleOrDefer(processed, deadlines.settling, dependencies);
  for (const one of settled) decidedEvents.note(one);
  const deferred = settled.filter((one) => deferredOf(one).length > 0);

  return {
    response: { batchItemFailures: deferred.map(({ record }) => ({ itemIdentifier: record.messageId })) },
    report: {
      records: records.length,
      outcomes: settled.flatMap(({ events }) => events.map(({ outcome }) => outcome)),
      tries,
      cuts: pending.map(({ cuts }) => cuts),
      recordsDeferred: deferred.length,
      oldestRecordAgeMs: oldestAgeMs(records, clock.now()),
    },
  };
}

function pendingOf(prepared: readonly { readonly events: readonly PreparedEvent[] }[]): readonly Pending[] {
  const pending: Pending[] = [];
  for (const { events } of prepared) for (const { step } of events) if (step.kind === 'pending') pending.push(step);
  return pending;
}

/** An event that waits for Heap's answer. */
interface Pending extends PendingCall {
  readonly kind: 'pending';
  readonly cuts: Cuts;
}

interface PreparedEvent {
  readonly step: Pending | { readonly kind: 'decided'; readonly outcome: Outcome };
  readonly text: () => string;
  readonly eventMessageId: string | undefined;
}

const internalError: Deferred = { kind: 'deferred', reason: 'internal_error', detail: 'see the function’s log' };

/** Everything that can be said of a record's events without asking Heap. */
function prepare(
  record: SQSRecord,
  { settings, clock, decidedEvents, onInternalError }: ForwardDependencies,
): readonly PreparedEvent[] {
  const arrivedAt = sentAt(record, clock.now());
  try {
    return unwrap(record.body).map((enveloped, part) => {
      const { text } = enveloped;
      if (enveloped.kind === 'rejected') return { step: decided(enveloped.rejection), text, eventMessageId: undefined };
      const known = decidedEvents.recall(record.messageId, part);
      const step = known === undefined ? firstStep(enveloped.event, arrivedAt, settings) : decided(known);
      const { messageId } = enveloped.event;
      return { step, text, eventMessageId: typeof messageId === 'string' ? messageId : undefined };
    });
  } catch (error) {
    onInternalError(error);
    return [{ step: decided(internalError), text: () => record.body, eventMessageId: undefined }];
  }
}

function firstStep(event: RudderStackEvent, arrivedAt: number, settings: Settings): PreparedEvent['step'] {
  const decision = decide(event, settings);
  return decision.kind === 'mapped'
    ? { kind: 'pending', call: decision.call, arrivedAt, cuts: decision.cuts }
    : decided(decision);
}

function decided(outcome: Outcome): PreparedEvent['step'] {
  return { kind: 'decided', outcome };
}

/** Without letters and visibility changes the safe thing is to give back whatever is not finished. */
async function settleOrDefer(
  processed: readonly ProcessedRecord[],
  deadline: number,
  dependencies: ForwardDependencies,
): Promise<readonly ProcessedRecord[]> {
  try {
    return await settle(processed, deadline, dependencies);
  } catch (error) {
    dependencies.onInternalError(error);
    return processed.map(({ record, events }) => ({
      record,
      events: events.map((event) => (event.outcome.kind === 'rejected' ? { ...event, outcome: internalError } : event)),
    }));
  }
}

function oldestAgeMs(records: readonly SQSRecord[], now: number): number {
  return records.reduce((oldest, record) => Math.max(oldest, now - sentAt(record, now)), 0);
}

/** When the record entered the queue, in ms since 1970; `now` for one that a person has made up without a time. */
function sentAt({ attributes }: SQSRecord, now: number): number {
  return Number(attributes.SentTimestamp) || now;
}

import type { SQSRecord } from 'aws-lambda';
import type { ProcessedRecord } from '../../lib/forwarding/processed-record.ts';
import { deferred, filtered, rejected, type Outcome } from '../../lib/outcome.ts';
import { toRecord } from '../../local/lambda/event-source-mapping.ts';

/** One outcome of each kind, and of a deferral both: a failure, and an event that only waits for its turn. */
export const DELIVERED: Outcome = { kind: 'delivered' };
export const FILTERED = filtered('integrations');
export const REFUSED = rejected('heap_refused', 'Heap answered 400', 400);
export const FAILED = deferred('heap_error', 'Heap answered 503', { heapStatus: 503 });
export const RATE_LIMITED = deferred('paced_identity', 'no room', { retryAfterMs: 5000 });

export interface RecordOptions {
  readonly body?: string;
  readonly receiveCount?: number;
  readonly sentAt?: number;
  /** In ms since 1970. */
  readonly firstReceivedAt?: number;
  /** A message group; given, the record comes from a FIFO queue. */
  readonly groupId?: string;
  /** Whether its events are track events. */
  readonly isTrack?: boolean;
}

/** A record as Lambda hands it over. */
export function recordOf(
  messageId: string,
  { body = '{}', receiveCount = 1, sentAt = 0, firstReceivedAt, groupId }: RecordOptions = {},
): SQSRecord {
  const Attributes = {
    ApproximateReceiveCount: String(receiveCount),
    SentTimestamp: String(sentAt),
    ...(firstReceivedAt === undefined ? {} : { ApproximateFirstReceiveTimestamp: String(firstReceivedAt) }),
    ...(groupId === undefined ? {} : { MessageGroupId: groupId }),
  };
  const message = { MessageId: messageId, ReceiptHandle: `handle of ${messageId}`, Body: body, Attributes };
  return toRecord(message, `arn:aws:sqs:us-east-1:1:q${groupId === undefined ? '' : '.fifo'}`);
}

/** A record whose events have these outcomes. */
export function processedOf(
  messageId: string,
  outcomes: readonly Outcome[],
  options: RecordOptions = {},
): ProcessedRecord {
  return {
    record: recordOf(messageId, options),
    events: outcomes.map((outcome, part) => ({
      outcome,
      text: () => `text of ${messageId}-${part}`,
      eventMessageId: `event-${part}`,
      isTrack: options.isTrack ?? false,
    })),
  };
}

/** What became of each event, in one word. */
export function wordsOf({ events }: ProcessedRecord): readonly string[] {
  return events.map(({ outcome }) => (outcome.kind === 'delivered' ? 'delivered' : outcome.reason));
}

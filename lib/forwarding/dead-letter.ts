import type { SQSMessageAttributes, SQSRecord } from 'aws-lambda';
import type { Rejected } from '../outcome.ts';
import { isRejectReason } from '../reject-reasons.ts';
import {
  explain,
  fitDeadLetter,
  MOST_DEAD_LETTERS,
  numberAttribute,
  textAttribute,
  type NamedAttribute,
} from '../sqs/dead-letter.ts';
import { SQS_LIMITS } from '../sqs/limits.ts';
import { compress, toMessageBody } from '../sqs/message-body.ts';
import { messageBytes, type MessageAttribute, type OutgoingMessage } from '../sqs/message.ts';
import { receiveCountOf } from '../sqs/record.ts';
import type { ProcessedRecord } from './processed-record.ts';

/** What a dead letter is made of. */
export interface DeadLetterContent {
  /** The record that contained the event. */
  readonly record: SQSRecord;
  /** The index of the event in its record. */
  readonly part: number;
  /** The event exactly as it was received. */
  readonly text: () => string;
  readonly rejection: Rejected;
  /** The event's `messageId`. */
  readonly eventMessageId: string | undefined;
  /** In ms since 1970. */
  readonly failedAt: number;
}

/** The attribute with which `heapq` counts redrives. */
export const REDRIVES = 'redrives';

/**
 * Precedes the name of a sender's attribute that has one of our names. Whose it is, is told by the reason: only our own is one
 * of the reason codes.
 */
export const ORIGINAL = 'original.';

/** The names of the attributes that this function adds. */
export const DEAD_LETTER_ATTRIBUTES: ReadonlySet<string> = new Set([
  'reason',
  'detail',
  'heapStatus',
  'sourceMessageId',
  'receiveCount',
  'failedAt',
  'eventMessageId',
]);

/**
 * Returns the dead letters for all rejected events of a record.
 *
 * @param failedAt in ms since 1970
 * @returns undefined if one of them does not fit into a message together with its reason
 */
export function deadLettersOf(
  { record, events }: ProcessedRecord,
  failedAt: number,
): readonly OutgoingMessage[] | undefined {
  const contents = events.flatMap(({ outcome, text, eventMessageId }, part): DeadLetterContent[] =>
    outcome.kind === 'rejected' ? [{ record, failedAt, part, text, rejection: outcome, eventMessageId }] : [],
  );
  const [first] = contents;
  if (first !== undefined && contents.length > MOST_DEAD_LETTERS) {
    const detail = `${contents.length} of ${events.length} events were rejected, the first: ${first.rejection.detail}`;
    const rejection = { ...first.rejection, detail };
    const text = (): string => record.body;
    const whole = writeDeadLetter({ record, failedAt, part: 0, text, rejection, eventMessageId: undefined });
    return whole === undefined ? undefined : [whole];
  }
  const written = contents.map(writeDeadLetter).filter((deadLetter) => deadLetter !== undefined);
  return written.length === contents.length ? written : undefined;
}

/**
 * Creates a dead letter: the event byte for byte, the attributes of its message, and why it failed. To fit SQS's limits the
 * detail is shortened first, then our own attributes are dropped, the least useful first, then the event is compressed, and the
 * function can read it after a redrive. An event that arrived compressed may be too large for SQS even so, or contain characters
 * that SQS refuses. The last resort is the body as SQS has delivered it, if need be without a reason.
 *
 * @returns undefined if SQS cannot have delivered the body, because it is too large
 */
export function writeDeadLetter(content: DeadLetterContent): OutgoingMessage | undefined {
  // SQS refuses an empty body. A space stands in for it.
  const text = content.text() || ' ';
  const received = content.record.body || ' ';
  const body = toMessageBody(text);
  return (
    fit(content, body) ??
    (body === text ? fit(content, compress(text)) : undefined) ??
    fit(content, received) ??
    withoutReason(content, received)
  );
}

/** @returns undefined if a body does not fit into a message together with the reason */
function fit(content: DeadLetterContent, body: string): OutgoingMessage | undefined {
  const message = fitDeadLetter(body, explanationOf(content), inherit(content.record.messageAttributes));
  return message === undefined ? undefined : address(content, message);
}

/** SQS would move such a record without a reason as well, but only after many receives. */
function withoutReason(content: DeadLetterContent, body: string): OutgoingMessage | undefined {
  const inherited = Object.fromEntries(inherit(content.record.messageAttributes));
  for (const attributes of [inherited, {}]) {
    const bytes = messageBytes(body, attributes);
    if (bytes <= SQS_LIMITS.bytes) return address(content, { body, attributes, bytes });
  }
  return undefined;
}

function address(
  { record: { messageId, attributes }, part }: DeadLetterContent,
  message: OutgoingMessage,
): OutgoingMessage {
  const { MessageGroupId: groupId, AWSTraceHeader } = attributes;
  return { ...message, groupId, traceHeader: AWSTraceHeader || undefined, deduplicationId: `${messageId}-${part}` };
}

/** Our own attributes, the most useful first. */
function explanationOf({ record, rejection, eventMessageId, failedAt }: DeadLetterContent): readonly NamedAttribute[] {
  const { reason, detail, heapStatus } = rejection;
  const status: readonly NamedAttribute[] =
    heapStatus === undefined ? [] : [['heapStatus', numberAttribute(heapStatus)]];
  const more: readonly NamedAttribute[] = [
    ...status,
    ['sourceMessageId', textAttribute(record.messageId)],
    ['receiveCount', numberAttribute(receiveCountOf(record))],
  ];
  return explain({ reason, detail, more, failedAt, eventMessageId });
}

/**
 * The attributes of the original message, without the explanation of an earlier failure. An attribute of the sender that has one
 * of our names is kept under another. The number of redrives comes first and the rest by name, so that what does not fit into
 * SQS's ten attributes is always the same.
 */
function inherit(attributes: SQSMessageAttributes): readonly NamedAttribute[] {
  const isExplained = isRejectReason(attributes['reason']?.stringValue ?? '');
  const kept = new Map<string, MessageAttribute>();
  for (const [name, { dataType, stringValue, binaryValue }] of Object.entries(attributes)) {
    if (isExplained && DEAD_LETTER_ATTRIBUTES.has(name)) continue;
    const value =
      binaryValue === undefined
        ? { StringValue: stringValue || '-' }
        : { BinaryValue: Buffer.from(binaryValue, 'base64') };
    kept.set(DEAD_LETTER_ATTRIBUTES.has(name) ? ORIGINAL + name : name, { DataType: dataType, ...value });
  }
  return [...kept].toSorted(([a], [b]) => (sortKey(a) < sortKey(b) ? -1 : 1));
}

function sortKey(name: string): string {
  return name === REDRIVES ? '' : name;
}

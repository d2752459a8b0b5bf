import type { SQSMessageAttributes, SQSRecord } from 'aws-lambda';
import type { Rejected } from '../outcome.ts';
import { SQS_LIMITS } from '../sqs/limits.ts';
import { replaceForbidden, toMessageBody } from '../sqs/message-body.ts';
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
 * The most dead letters for the events of one record. With more rejected events the whole record becomes one dead letter,
 * so that one message with half a million bad elements does not turn into half a million messages. Its delivered events are
 * safe to send again because of their idempotency keys.
 */
const MOST_DEAD_LETTERS = 1000;

const DETAIL_CHARACTERS = 1000;
const SHORT_DETAIL_CHARACTERS = 100;
/** RudderStack's gateway creates no longer ids. */
const MESSAGE_ID_CHARACTERS = 255;

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
 * detail is shortened first, then our own attributes are dropped, the least useful first. The reason always stays. An event
 * that arrived compressed may be too large for SQS, or contain characters that SQS refuses. It is compressed again, and the
 * function can read it after a redrive.
 *
 * @returns undefined if body and reason do not fit into one message
 */
export function writeDeadLetter(content: DeadLetterContent): OutgoingMessage | undefined {
  const { record, text, part } = content;
  // SQS refuses an empty body. A space stands in for it.
  const body = toMessageBody(text() || ' ');
  const inherited = Object.entries(inherit(record.messageAttributes));
  for (const own of shorterAndShorter(Object.entries(explain(content)))) {
    const room = SQS_LIMITS.attributes - own.length;
    if (inherited.length > room && own.length > 1) continue;
    const attributes = Object.fromEntries([...own, ...inherited.slice(0, room)]);
    const bytes = messageBytes(body, attributes);
    if (bytes > SQS_LIMITS.bytes) continue;
    const groupId = record.attributes.MessageGroupId;
    return { body, attributes, bytes, groupId, deduplicationId: `${record.messageId}-${part}` };
  }
  return undefined;
}

/** Our own attributes, the most useful first. */
function explain({ record, rejection, eventMessageId, failedAt }: DeadLetterContent): Record<string, MessageAttribute> {
  const { reason, detail, heapStatus } = rejection;
  return {
    reason: textAttribute(reason),
    ...(detail === '' ? {} : { detail: textAttribute(detail.slice(0, DETAIL_CHARACTERS)) }),
    ...(heapStatus === undefined ? {} : { heapStatus: numberAttribute(heapStatus) }),
    sourceMessageId: textAttribute(record.messageId),
    receiveCount: numberAttribute(receiveCountOf(record)),
    failedAt: textAttribute(new Date(failedAt).toISOString()),
    ...(eventMessageId === undefined || eventMessageId === ''
      ? {}
      : { eventMessageId: textAttribute(eventMessageId.slice(0, MESSAGE_ID_CHARACTERS)) }),
  };
}

function* shorterAndShorter(
  own: readonly [string, MessageAttribute][],
): Generator<readonly [string, MessageAttribute][]> {
  const shortened = own.map(([name, attribute]): [string, MessageAttribute] =>
    name === 'detail'
      ? [name, textAttribute((attribute.StringValue ?? '').slice(0, SHORT_DETAIL_CHARACTERS))]
      : [name, attribute],
  );
  for (let kept = own.length; kept > 0; kept -= 1) {
    yield own.slice(0, kept);
    yield shortened.slice(0, kept);
  }
}

/** The attributes of the original message, without the explanation of an earlier failure. */
function inherit(attributes: SQSMessageAttributes): Record<string, MessageAttribute> {
  return Object.fromEntries(
    Object.entries(attributes)
      .filter(([name]) => !DEAD_LETTER_ATTRIBUTES.has(name))
      .map(([name, { dataType, stringValue, binaryValue }]) => [
        name,
        binaryValue === undefined
          ? { DataType: dataType, StringValue: stringValue ?? '' }
          : { DataType: dataType, BinaryValue: Buffer.from(binaryValue, 'base64') },
      ]),
  );
}

function textAttribute(value: string): MessageAttribute {
  // SQS refuses empty values.
  return { DataType: 'String', StringValue: replaceForbidden(value) || '-' };
}

function numberAttribute(value: number): MessageAttribute {
  return { DataType: 'Number', StringValue: String(value) };
}

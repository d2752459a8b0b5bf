import type { SQSMessageAttributes, SQSRecord } from 'aws-lambda';
import type { Rejected } from '../outcome.ts';
import { SQS_LIMITS } from '../sqs.ts';

/** A message attribute of SQS. */
export interface LetterAttribute {
  readonly DataType: string;
  readonly StringValue?: string;
  readonly BinaryValue?: Uint8Array;
}

/** A message for the dead-letter queue. */
export interface Letter {
  readonly body: string;
  readonly attributes: Readonly<Record<string, LetterAttribute>>;
  readonly bytes: number;
  /** Of FIFO queues, and of fair queues. */
  readonly groupId: string | undefined;
  /** For FIFO queues; the same whenever the same record is dead-lettered. */
  readonly deduplicationId: string;
}

/** What a letter tells. */
export interface LetterContent {
  /** The record that the event came in. */
  readonly record: SQSRecord;
  /** Which of the record's events it is, counted from 0. */
  readonly part: number;
  readonly receiveCount: number;
  /** The event as it came. */
  readonly text: () => string;
  readonly rejection: Rejected;
  /** RudderStack's own id of the event. */
  readonly eventMessageId: string | undefined;
  /** ms since 1970. */
  readonly failedAt: number;
}

/** The names that this function gives its own attributes. */
export const LETTER_ATTRIBUTES: ReadonlySet<string> = new Set([
  'reason',
  'detail',
  'heapStatus',
  'sourceMessageId',
  'receiveCount',
  'failedAt',
  'eventMessageId',
]);

const DETAIL_CHARACTERS = 1000;
const SHORT_DETAIL_CHARACTERS = 100;

/**
 * Writes a dead letter: the event byte for byte, the attributes that it came with, and why it failed. To fit SQS's limits
 * the detail is shortened first, then our own attributes go, the least telling first; the reason stays. An event that came
 * packed may be larger than SQS allows, or hold characters that SQS refuses: it is packed again, which the function reads
 * as well.
 *
 * @returns undefined when not even body and reason fit together
 */
export function writeLetter(content: LetterContent): Letter | undefined {
  const { record, text, part } = content;
  const body = bodyOf(text());
  const inherited = Object.entries(inherit(record.messageAttributes));
  for (const own of shorterAndShorter(Object.entries(explain(content)))) {
    const room = SQS_LIMITS.attributes - own.length;
    if (inherited.length > room && own.length > 1) continue;
    const attributes = Object.fromEntries([...own, ...inherited.slice(0, room)]);
    const bytes = sizeOf(body, attributes);
    if (bytes > SQS_LIMITS.bytes) continue;
    return {
      body,
      attributes,
      bytes,
      groupId: record.attributes.MessageGroupId,
      deduplicationId: `${record.messageId}-${part}`,
    };
  }
  return undefined;
}

/** Our own attributes, the most telling first. */
function explain({
  record,
  receiveCount,
  rejection,
  eventMessageId,
  failedAt,
}: LetterContent): Record<string, LetterAttribute> {
  const { reason, detail, heapStatus } = rejection;
  return {
    reason: textAttribute(reason),
    ...(detail === '' ? {} : { detail: textAttribute(detail.slice(0, DETAIL_CHARACTERS)) }),
    ...(heapStatus === undefined ? {} : { heapStatus: numberAttribute(heapStatus) }),
    sourceMessageId: textAttribute(record.messageId),
    receiveCount: numberAttribute(receiveCount),
    failedAt: textAttribute(new Date(failedAt).toISOString()),
    ...(eventMessageId === undefined || eventMessageId === ''
      ? {}
      : { eventMessageId: textAttribute(eventMessageId.slice(0, 255)) }),
  };
}

function* shorterAndShorter(
  own: readonly [string, LetterAttribute][],
): Generator<readonly [string, LetterAttribute][]> {
  const shortened = own.map(([name, attribute]): [string, LetterAttribute] =>
    name === 'detail'
      ? [name, textAttribute((attribute.StringValue ?? '').slice(0, SHORT_DETAIL_CHARACTERS))]
      : [name, attribute],
  );
  for (let kept = own.length; kept > 0; kept -= 1) {
    yield own.slice(0, kept);
    yield shortened.slice(0, kept);
  }
}

/** A letter that was sent again and failed again keeps what its sender gave it, and not the former explanation. */
function inherit(attributes: SQSMessageAttributes): Record<string, LetterAttribute> {
  return Object.fromEntries(
    Object.entries(attributes)
      .filter(([name]) => !LETTER_ATTRIBUTES.has(name))
      .map(([name, { dataType, stringValue, binaryValue }]) => [
        name,
        binaryValue === undefined
          ? { DataType: dataType, StringValue: stringValue ?? '' }
          : { DataType: dataType, BinaryValue: Buffer.from(binaryValue, 'base64') },
      ]),
  );
}

/** SQS counts names, types and values. */
function sizeOf(body: string, attributes: Readonly<Record<string, LetterAttribute>>): number {
  return Object.entries(attributes).reduce(
    (sum, [name, { DataType, StringValue = '', BinaryValue }]) =>
      sum +
      Buffer.byteLength(name) +
      Buffer.byteLength(DataType) +
      (BinaryValue?.byteLength ?? Buffer.byteLength(StringValue)),
    Buffer.byteLength(body),
  );
}

/**
 * What SQS refuses within a message.
 *
 * @see https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-messages.html
 */
const FORBIDDEN_CHARACTERS = /[^\t\n\r\u0020-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]/gu;

function bodyOf(text: string): string {
  // SQS takes no empty message, so this one cannot have come from a queue; a blank is the nearest to nothing.
  if (text === '') return ' ';
  const fits = Buffer.byteLength(text) <= SQS_LIMITS.bytes && text.search(FORBIDDEN_CHARACTERS) === -1;
  // Loaded here: hardly any letter needs it.
  return fits ? text : process.getBuiltinModule('node:zlib').gzipSync(text).toString('base64');
}

function textAttribute(value: string): LetterAttribute {
  const allowed = value.toWellFormed().replaceAll(FORBIDDEN_CHARACTERS, '\uFFFD');
  // SQS refuses an empty value too.
  return { DataType: 'String', StringValue: allowed === '' ? '-' : allowed };
}

function numberAttribute(value: number): LetterAttribute {
  return { DataType: 'Number', StringValue: String(value) };
}

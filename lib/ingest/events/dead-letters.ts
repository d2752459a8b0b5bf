import { createHash } from 'node:crypto';
import {
  explain,
  fitDeadLetter,
  inPieces,
  MOST_DEAD_LETTERS,
  textAttribute,
  type NamedAttribute,
} from '../../sqs/dead-letter.ts';
import { compress, toMessageBody } from '../../sqs/message-body.ts';
import type { OutgoingMessage } from '../../sqs/message.ts';
import type { RejectedElement } from './element.ts';

/** Longer names are cut in the attribute. */
const SOURCE_CHARACTERS = 100;

/** The elements of one request that cannot be used. */
export interface RejectedElements {
  /** The first `MOST_DEAD_LETTERS` of them, in order. */
  readonly first: readonly RejectedElement[];
  /** How many there are. */
  readonly count: number;
  /** How many elements the request has, the usable ones included. */
  readonly of: number;
}

/** What is the same for all dead letters of a request. */
export interface DeadLetterOrigin {
  /** The name of the source that sent the request. */
  readonly source: string;
  /** The whole body of the request, as text. */
  readonly text: () => string;
  /** In ms since 1970. */
  readonly failedAt: number;
  readonly isFifo: boolean;
}

/**
 * Returns the dead letters for the elements of a request that cannot be used: each with its text, byte for byte, if need
 * be in pieces. With more than
 * `MOST_DEAD_LETTERS` of them, it is the whole body once.
 */
export function toDeadLetters(
  { first, count, of }: RejectedElements,
  origin: DeadLetterOrigin,
): readonly OutgoingMessage[] {
  const [one] = first;
  if (one === undefined) return [];
  if (count <= MOST_DEAD_LETTERS) return first.flatMap((element, nth) => write(element, nth, origin));
  const detail = `${count} of ${of} events were rejected, the first: ${one.detail}`;
  return write({ ...one, detail, text: origin.text, eventMessageId: undefined }, 0, origin);
}

function write(
  { reason, detail, eventMessageId, text: textOf }: RejectedElement,
  nth: number,
  { source, failedAt, isFifo }: DeadLetterOrigin,
): readonly OutgoingMessage[] {
  // SQS refuses an empty body. A space stands in for it.
  const text = textOf() || ' ';
  const explaining: readonly NamedAttribute[] = [
    ...explain({ reason, detail, more: [], failedAt, eventMessageId }),
    ['source', textAttribute(source.slice(0, SOURCE_CHARACTERS))],
  ];
  const body = toMessageBody(text);
  const whole = fitDeadLetter(body, explaining);
  const messages = whole === undefined ? fitCompressed(text, explaining) : [whole];
  if (!isFifo) return messages;
  // The source is the group. A client that repeats its request repeats its elements, of which SQS drops the copies.
  const groupId = digestOf(source);
  return messages.map((message, piece) => {
    return { ...message, groupId, deduplicationId: digestOf(`${source}\n${nth}\n${piece}\n${reason}\n${text}`) };
  });
}

function fitCompressed(text: string, explaining: readonly NamedAttribute[]): readonly OutgoingMessage[] {
  const body = compress(text);
  const whole = fitDeadLetter(body, explaining);
  return whole === undefined ? inPieces(body, digestOf(text), explaining) : [whole];
}

function digestOf(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

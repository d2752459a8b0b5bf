import { SQS_LIMITS } from './limits.ts';
import { replaceForbidden } from './message-body.ts';
import { messageBytes, type MessageAttribute, type OutgoingMessage } from './message.ts';

/** An attribute with its name. */
export type NamedAttribute = readonly [name: string, attribute: MessageAttribute];

/**
 * The most dead letters for the events of one record, or of one request. With more rejected events the whole becomes one dead
 * letter, so that one message with half a million bad elements does not turn into half a million messages. Its delivered events
 * are safe to send again because of their idempotency keys.
 */
export const MOST_DEAD_LETTERS = 1000;

const DETAIL_CHARACTERS = 1000;
const SHORT_DETAIL_CHARACTERS = 100;
/** RudderStack's gateway creates no longer ids. */
const MESSAGE_ID_CHARACTERS = 255;

/** What explains a dead letter. */
export interface Explanation {
  readonly reason: string;
  readonly detail: string;
  /** Further attributes, the most useful first. */
  readonly more: readonly NamedAttribute[];
  /** In ms since 1970. */
  readonly failedAt: number;
  /** The event's `messageId`. */
  readonly eventMessageId: string | undefined;
}

/** Returns the attributes that explain a dead letter, the most useful first. */
export function explain({ reason, detail, more, failedAt, eventMessageId }: Explanation): readonly NamedAttribute[] {
  return [
    ['reason', textAttribute(reason)],
    ...(detail === '' ? [] : [['detail', textAttribute(detail.slice(0, DETAIL_CHARACTERS))] as const]),
    ...more,
    ['failedAt', textAttribute(new Date(failedAt).toISOString())],
    ...(eventMessageId === undefined || eventMessageId === ''
      ? []
      : [['eventMessageId', textAttribute(eventMessageId.slice(0, MESSAGE_ID_CHARACTERS))] as const]),
  ];
}

/**
 * Fits a body and its explanation into one message. To fit SQS's limits the detail is shortened first, then the explaining
 * attributes are dropped, the least useful first.
 *
 * @param inherited the attributes of the sender, the most useful first; they come before ours except for the reason
 * @returns undefined if the body does not fit together with the reason
 */
export function fitDeadLetter(
  body: string,
  explaining: readonly NamedAttribute[],
  inherited: readonly NamedAttribute[] = [],
): OutgoingMessage | undefined {
  for (const own of shorterAndShorter(explaining)) {
    const room = SQS_LIMITS.attributes - own.length;
    if (inherited.length > room && own.length > 1) continue;
    const attributes = Object.fromEntries([...inherited.slice(0, room), ...own]);
    const bytes = messageBytes(body, attributes);
    if (bytes <= SQS_LIMITS.bytes) return { body, attributes, bytes };
  }
  return undefined;
}

/** The attributes of a piece: which one of how many it is, and what all pieces of one text have in common. */
export const PIECE = 'piece';
export const PIECES = 'pieces';

/** The room in a message that the attributes of a piece need at most. */
const PIECE_ATTRIBUTES_BYTES = 8 * 1024;
const PIECE_CHARACTERS = SQS_LIMITS.bytes - PIECE_ATTRIBUTES_BYTES;

/**
 * Writes a body that is too large for one message in pieces, each a slice of it.
 *
 * @param body of ASCII, such as base64
 * @param id the same for all pieces of one text, and for no others
 */
export function inPieces(body: string, id: string, explaining: readonly NamedAttribute[]): readonly OutgoingMessage[] {
  const count = Math.ceil(body.length / PIECE_CHARACTERS);
  return Array.from({ length: count }, (_, index) => {
    const slice = body.slice(index * PIECE_CHARACTERS, (index + 1) * PIECE_CHARACTERS);
    const attributes = Object.fromEntries([
      ...explaining,
      [PIECE, textAttribute(`${index + 1} of ${count}`)],
      [PIECES, textAttribute(id)],
    ]);
    return { body: slice, attributes, bytes: messageBytes(slice, attributes) };
  });
}

/** One piece of a text that is too large for one message. */
export interface Piece {
  /** From 1 on. */
  readonly number: number;
  readonly of: number;
  /** The same for all pieces of one text. */
  readonly id: string;
}

/** Reads the attributes of a piece. */
export function readPiece(piece: string | undefined, pieces: string | undefined): Piece | undefined {
  const [number, of] =
    /^([1-9]\d*) of ([1-9]\d*)$/
      .exec(piece ?? '')
      ?.slice(1)
      .map(Number) ?? [];
  return number === undefined || of === undefined || pieces === undefined ? undefined : { number, of, id: pieces };
}

function* shorterAndShorter(own: readonly NamedAttribute[]): Generator<readonly NamedAttribute[]> {
  const shortened = own.map(([name, attribute]): NamedAttribute =>
    name === 'detail'
      ? [name, textAttribute((attribute.StringValue ?? '').slice(0, SHORT_DETAIL_CHARACTERS))]
      : [name, attribute],
  );
  for (let kept = own.length; kept > 0; kept -= 1) {
    yield own.slice(0, kept);
    yield shortened.slice(0, kept);
  }
}

/** Makes an attribute of a text. */
export function textAttribute(value: string): MessageAttribute {
  // SQS refuses empty values.
  return { DataType: 'String', StringValue: replaceForbidden(value) || '-' };
}

/** Makes an attribute of a number. */
export function numberAttribute(value: number): MessageAttribute {
  return { DataType: 'Number', StringValue: String(value) };
}

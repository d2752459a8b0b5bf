import type { Message, MessageAttributeValue } from '@aws-sdk/client-sqs';
import { DEAD_LETTER_ATTRIBUTES, ORIGINAL, REDRIVES } from '../../lib/forwarding/dead-letter.ts';
import { isRejectReason } from '../../lib/reject-reasons.ts';
import { unwrap } from '../../lib/rudderstack/envelope.ts';
import { PIECE, PIECES, readPiece, type Piece } from '../../lib/sqs/dead-letter.ts';

/** A message in the dead-letter queue, and the values of its attributes. */
export interface DeadLetter {
  /** SQS's message id. */
  readonly id: string;
  readonly receiptHandle: string;
  /** The original event. */
  readonly body: string;
  /** `none` for a message that SQS's redrive policy has moved. */
  readonly reason: string;
  readonly detail: string;
  readonly heapStatus: string | undefined;
  /** In ms since 1970. */
  readonly failedAt: number;
  readonly eventMessageId: string | undefined;
  readonly sourceMessageId: string | undefined;
  /** Which piece of an event it is that is too large for one message. */
  readonly piece: Piece | undefined;
  /** The name of a track event, or the type of any other event. */
  readonly event: string;
  /** How often it was redriven. */
  readonly redrives: number;
  /** The attributes of the original message, under the names that the sender gave them. */
  readonly ownAttributes: Readonly<Record<string, MessageAttributeValue>>;
  readonly groupId: string | undefined;
  /** The X-Ray trace of the sender. */
  readonly traceHeader: string | undefined;
}

/** Reads a dead letter from a message that was received with all its attributes. */
export function readDeadLetter(message: Message): DeadLetter {
  const { MessageId = '', ReceiptHandle = '', Body = '', MessageAttributes = {}, Attributes = {} } = message;
  const text = (name: string): string | undefined => MessageAttributes[name]?.StringValue;
  const reason = text('reason') ?? '';
  // SQS's redrive policy moves a message as it is. Its attributes are the sender's, even if they have our names.
  const isExplained = isRejectReason(reason);
  const told = (name: string): string | undefined => (isExplained ? text(name) : undefined);
  const failedAt = Date.parse(told('failedAt') ?? '');
  return {
    id: MessageId,
    receiptHandle: ReceiptHandle,
    body: Body,
    reason: isExplained ? reason : 'none',
    detail: told('detail') ?? '',
    heapStatus: told('heapStatus'),
    failedAt: Number.isNaN(failedAt) ? Number(Attributes.SentTimestamp ?? 0) : failedAt,
    eventMessageId: told('eventMessageId'),
    sourceMessageId: told('sourceMessageId'),
    piece: readPiece(told(PIECE), told(PIECES)),
    event: describeEvent(Body),
    redrives: Number(text(REDRIVES) ?? 0),
    ownAttributes: originalAttributes(MessageAttributes, isExplained),
    groupId: Attributes.MessageGroupId,
    traceHeader: Attributes.AWSTraceHeader,
  };
}

function originalAttributes(
  attributes: Readonly<Record<string, MessageAttributeValue>>,
  isExplained: boolean,
): Readonly<Record<string, MessageAttributeValue>> {
  const originals = Object.entries(attributes).filter(
    ([name]) => !(isExplained && DEAD_LETTER_ATTRIBUTES.has(name)) && name !== REDRIVES,
  );
  return Object.fromEntries(originals.map(([name, value]) => [originalName(name), value]));
}

/** The name that the sender gave an attribute. */
function originalName(name: string): string {
  const rest = name.startsWith(ORIGINAL) ? name.slice(ORIGINAL.length) : name;
  return DEAD_LETTER_ATTRIBUTES.has(rest) ? rest : name;
}

function describeEvent(body: string): string {
  const [first, ...others] = unwrap(body);
  if (first?.kind !== 'event') return '';
  const { event, type } = first.event;
  const name = [type === 'track' ? event : undefined, type].find((one) => typeof one === 'string') ?? '';
  return others.length === 0 ? name : `${name} and ${others.length} more`;
}

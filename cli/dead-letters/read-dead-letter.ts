import type { Message, MessageAttributeValue } from '@aws-sdk/client-sqs';
import { DEAD_LETTER_ATTRIBUTES } from '../../lib/forwarding/dead-letter.ts';
import { unwrap } from '../../lib/rudderstack/envelope.ts';

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
  /** The name of a track event, or the type of any other event. */
  readonly event: string;
  /** How often it was redriven. */
  readonly redrives: number;
  /** The attributes of the original message. */
  readonly ownAttributes: Readonly<Record<string, MessageAttributeValue>>;
  readonly groupId: string | undefined;
}

/** The attribute that counts redrives. The forwarding function copies it to the next dead letter. */
export const REDRIVES = 'redrives';

/** Reads a dead letter from a message that was received with all its attributes. */
export function readDeadLetter(message: Message): DeadLetter {
  const { MessageId = '', ReceiptHandle = '', Body = '', MessageAttributes = {}, Attributes = {} } = message;
  const text = (name: string): string | undefined => MessageAttributes[name]?.StringValue;
  const failedAt = Date.parse(text('failedAt') ?? '');
  return {
    id: MessageId,
    receiptHandle: ReceiptHandle,
    body: Body,
    reason: text('reason') ?? 'none',
    detail: text('detail') ?? '',
    heapStatus: text('heapStatus'),
    failedAt: Number.isNaN(failedAt) ? Number(Attributes.SentTimestamp ?? 0) : failedAt,
    eventMessageId: text('eventMessageId'),
    sourceMessageId: text('sourceMessageId'),
    event: describeEvent(Body),
    redrives: Number(text(REDRIVES) ?? 0),
    ownAttributes: Object.fromEntries(
      Object.entries(MessageAttributes).filter(([name]) => !DEAD_LETTER_ATTRIBUTES.has(name) && name !== REDRIVES),
    ),
    groupId: Attributes.MessageGroupId,
  };
}

function describeEvent(body: string): string {
  const [first, ...others] = unwrap(body);
  if (first?.kind !== 'event') return '';
  const { event, type } = first.event;
  const name = [type === 'track' ? event : undefined, type].find((one) => typeof one === 'string') ?? '';
  return others.length === 0 ? name : `${name} and ${others.length} more`;
}

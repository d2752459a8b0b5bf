import type { Message, MessageAttributeValue } from '@aws-sdk/client-sqs';
import { DEAD_LETTER_ATTRIBUTES } from '../../lib/forwarding/dead-letter.ts';
import { unwrap } from '../../lib/rudderstack/envelope.ts';

/** A message of the dead-letter queue, with what its attributes say. */
export interface DeadLetter {
  /** SQS's own message id, as the console shows it. */
  readonly id: string;
  readonly receiptHandle: string;
  /** The event as it came. */
  readonly body: string;
  /** `none` for what SQS has moved by itself. */
  readonly reason: string;
  readonly detail: string;
  readonly heapStatus: string | undefined;
  /** ms since 1970. */
  readonly failedAt: number;
  readonly eventMessageId: string | undefined;
  readonly sourceMessageId: string | undefined;
  /** The name of a track event, the type of another one. */
  readonly event: string;
  /** How often it has been sent again. */
  readonly redrives: number;
  /** The attributes that its sender gave it. */
  readonly ownAttributes: Readonly<Record<string, MessageAttributeValue>>;
  readonly groupId: string | undefined;
}

/** Counts how often an event was sent again; the forwarder passes it on to the next dead letter. */
export const REDRIVES = 'redrives';

/** Reads a message that was received with all its attributes. */
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

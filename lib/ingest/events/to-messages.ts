import { createHash } from 'node:crypto';
import { inBatches, type BatchLimits } from '../../batches.ts';
import { messageGroupOf } from '../../rudderstack/message-group.ts';
import { SQS_LIMITS } from '../../sqs/limits.ts';
import { compress, escapeJson } from '../../sqs/message-body.ts';
import type { OutgoingMessage } from '../../sqs/message.ts';
import type { StampedEvent } from './stamp.ts';

/** The messages for events of one request. */
export interface Messages {
  readonly messages: readonly OutgoingMessage[];
  /** The events that are too large for SQS even when compressed. No message holds them. */
  readonly tooLarge: readonly TooLargeEvent[];
}

/** An event that no message can hold. */
export interface TooLargeEvent {
  /** Its index in the list of events. */
  readonly index: number;
  /** For people: its `messageId` and its size. */
  readonly detail: string;
}

/**
 * The maximum number of bytes and events per message. SQS bills every 64 KB as one request, so larger messages are not
 * cheaper. They are more expensive to retry, since a whole record returns to the queue if one of its events is deferred.
 *
 * @see https://aws.amazon.com/sqs/pricing/
 */
export const SHARED_MESSAGE_LIMITS: BatchLimits = { items: 500, bytes: 256 * 1024 };

const OPEN = '{"batch":[';
const CLOSE = ']}';

interface EventText {
  readonly event: StampedEvent;
  /** JSON, or compressed JSON. */
  readonly text: string;
  readonly bytes: number;
  readonly isCompressed: boolean;
}

/**
 * Batches the events of one request into messages, in order. An event that is too large for SQS is compressed; the
 * forwarding function reads both forms.
 *
 * @param isFifo whether the queue is a FIFO queue; then each message contains events of one user only
 */
export function toMessages(events: readonly StampedEvent[], isFifo: boolean): Messages {
  const texts: EventText[] = [];
  const tooLarge: TooLargeEvent[] = [];
  for (const [index, event] of events.entries()) {
    const text = toText(event);
    if (text.bytes > SQS_LIMITS.bytes) tooLarge.push({ index, detail: sizeOf(text) });
    else texts.push(text);
  }
  const groups = isFifo ? Map.groupBy(texts, ({ event }) => messageGroupOf(event)) : new Map([['', texts]]);
  const room = { ...SHARED_MESSAGE_LIMITS, bytes: SHARED_MESSAGE_LIMITS.bytes - OPEN.length - CLOSE.length };
  // A compressed event cannot share a message. Each event but the last is followed by a comma.
  const bytesOf = ({ bytes, isCompressed }: EventText): number => (isCompressed ? Infinity : bytes + 1);
  const messages: OutgoingMessage[] = [];
  for (const [groupId, group] of groups) {
    const ofQueue = isFifo ? groupId : undefined;
    for (const batch of inBatches(group, room, bytesOf)) messages.push(toMessage(batch, ofQueue));
  }
  return { messages, tooLarge };
}

function toText(event: StampedEvent): EventText {
  const json = escapeJson(JSON.stringify(event));
  const bytes = Buffer.byteLength(json);
  if (bytes <= SQS_LIMITS.bytes) return { event, text: json, bytes, isCompressed: false };
  const text = compress(json);
  return { event, text, bytes: text.length, isCompressed: true };
}

/** @param groupId undefined on a standard queue */
function toMessage(texts: readonly EventText[], groupId: string | undefined): OutgoingMessage {
  const [only] = texts;
  const list = texts.map(({ text }) => text).join(',');
  const body = only !== undefined && texts.length === 1 ? only.text : `${OPEN}${list}${CLOSE}`;
  const bytes = Buffer.byteLength(body);
  if (groupId === undefined) return { body, bytes };
  const ids = createHash('sha256');
  for (const { event } of texts) ids.update(`${identifying(event)}\n`);
  return { body, bytes, groupId, deduplicationId: ids.digest('hex') };
}

/**
 * What is the same when a client repeats a request. The times are not; and the `messageId` alone may be that of several events,
 * of which SQS would keep the first.
 */
function identifying({ messageId, type, event, properties, traits }: StampedEvent): string {
  return JSON.stringify([messageId, type, event, properties, traits]);
}

function sizeOf({ event, bytes }: EventText): string {
  const id = JSON.stringify(event.messageId.slice(0, 100));
  return `messageId ${id}: ${bytes} bytes even when compressed, the limit of an SQS message is ${SQS_LIMITS.bytes}`;
}

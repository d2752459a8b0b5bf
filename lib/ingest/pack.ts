import { createHash } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { escapeForQueue, SQS_LIMITS } from '../sqs.ts';
import { refuse, type Refusal } from './refusal.ts';
import type { StampedEvent } from './stamp.ts';

/** What is to be one SQS message. */
export interface QueueMessage {
  readonly body: string;
  readonly bytes: number;
  /** For a FIFO queue: the user, whose events keep their order. */
  readonly groupId: string;
  /** For a FIFO queue: the same for a second copy of the same events. */
  readonly deduplicationId: string;
}

export interface PackedEvents {
  readonly kind: 'messages';
  readonly messages: readonly QueueMessage[];
}

/**
 * Bytes and events that share a message. SQS counts 64 KB as one request, so larger messages save nothing; a record comes back whole
 * when one of its events has to wait, so they cost more then.
 */
export const SHARED_MESSAGE_BYTES = 256 * 1024;
export const SHARED_MESSAGE_EVENTS = 500;

const OPEN = '{"batch":[';
const CLOSE = ']}';

interface EventText {
  readonly event: StampedEvent;
  readonly text: string;
  readonly bytes: number;
}

/**
 * Puts the events of one request into as few messages as are sensible, in their order. An event that is too large for SQS is
 * packed with gzip; the forwarder reads that as well.
 *
 * @param isFifo for a FIFO queue each message holds the events of one user
 */
export function packEvents(events: readonly StampedEvent[], isFifo: boolean): PackedEvents | Refusal {
  const messages: QueueMessage[] = [];
  for (const ofOneGroup of isFifo ? Map.groupBy(events, ({ rudderId }) => rudderId).values() : [events]) {
    let shared: EventText[] = [];
    let bytes = 0;
    const flush = (): void => {
      if (shared.length > 0) messages.push(share(shared));
      shared = [];
      bytes = OPEN.length + CLOSE.length;
    };
    flush();
    for (const event of ofOneGroup) {
      const text = escapeForQueue(JSON.stringify(event));
      const one: EventText = { event, text, bytes: Buffer.byteLength(text) };
      if (one.bytes > SQS_LIMITS.bytes) {
        const packed = gzipSync(text).toString('base64');
        if (packed.length > SQS_LIMITS.bytes) return tooLarge(one, events.indexOf(event));
        flush();
        messages.push(toMessage(packed, packed.length, [one]));
        continue;
      }
      if (shared.length === SHARED_MESSAGE_EVENTS || bytes + one.bytes + 1 > SHARED_MESSAGE_BYTES) flush();
      shared.push(one);
      bytes += one.bytes + 1;
    }
    flush();
  }
  return { kind: 'messages', messages };
}

function share(events: readonly EventText[]): QueueMessage {
  const [only] = events;
  if (only !== undefined && events.length === 1) return toMessage(only.text, only.bytes, events);
  const body = `${OPEN}${events.map(({ text }) => text).join(',')}${CLOSE}`;
  return toMessage(body, Buffer.byteLength(body), events);
}

function toMessage(body: string, bytes: number, events: readonly EventText[]): QueueMessage {
  const ids = createHash('sha256');
  for (const { event } of events) ids.update(`${event.messageId}\n`);
  return { body, bytes, groupId: events[0]?.event.rudderId ?? '', deduplicationId: ids.digest('hex') };
}

function tooLarge({ event, bytes }: EventText, index: number): Refusal {
  const id = event.messageId.slice(0, 100);
  const least = `${SQS_LIMITS.bytes} are the most that one SQS message holds`;
  return refuse(
    'event_too_large',
    `the event with index ${index}, messageId ${JSON.stringify(id)}: ${bytes} bytes, ${least}`,
  );
}

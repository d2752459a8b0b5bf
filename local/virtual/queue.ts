import type { SQSMessageAttributes, SQSRecord } from 'aws-lambda';

export interface VirtualQueueOptions {
  readonly now: () => number;
  /** In [0, 1). Shuffles the messages of a standard queue. */
  readonly random: () => number;
  readonly isFifo: boolean;
  readonly visibilityTimeoutS: number;
  readonly maxReceiveCount: number;
}

interface Message {
  readonly id: string;
  readonly body: string;
  readonly attributes: SQSMessageAttributes;
  readonly groupId: string | undefined;
  readonly sentAt: number;
  receiveCount: number;
  firstReceivedAt: number;
  /** The receipt handle of the last receive; earlier ones are invalid. */
  handle: string;
  visibleAt: number;
}

/**
 * A model of an SQS queue in virtual time: visibility timeouts, receive counts, invalid receipt handles, redrive, and the
 * order of FIFO groups. test/local/virtual-queue.test.ts runs the same tests on it and on a real SQS API.
 */
export interface VirtualQueue {
  readonly send: (body: string, groupId?: string) => void;
  /** At most `most` visible messages, as the records that Lambda passes to a function. */
  readonly receive: (most: number) => SQSRecord[];
  /** False for an invalid receipt handle. */
  readonly changeVisibility: (receiptHandle: string, seconds: number) => boolean;
  readonly remove: (receiptHandle: string) => void;
  readonly size: () => number;
  /** When the next message becomes visible, in ms since 1970. */
  readonly nextVisibleAt: () => number;
  /** The bodies of the messages that the redrive policy has moved to the dead-letter queue. */
  readonly moved: readonly string[];
}

export function createVirtualQueue(options: VirtualQueueOptions): VirtualQueue {
  const { now, random, isFifo, visibilityTimeoutS, maxReceiveCount } = options;
  /** In the order in which they were sent. */
  const messages = new Set<Message>();
  /** By their current receipt handle. */
  const inFlight = new Map<string, Message>();
  const moved: string[] = [];
  let sent = 0;
  let receives = 0;

  function visible(most: number): Message[] {
    const free = [...messages].filter(({ visibleAt }) => visibleAt <= now());
    if (!isFifo) return pick(free, most, random);
    const blocked = new Set([...messages].filter(({ visibleAt }) => visibleAt > now()).map(({ groupId }) => groupId));
    return free.filter(({ groupId }) => !blocked.has(groupId)).slice(0, most);
  }

  function drop(message: Message): void {
    messages.delete(message);
    inFlight.delete(message.handle);
  }

  function deliver(message: Message): SQSRecord {
    receives += 1;
    inFlight.delete(message.handle);
    message.receiveCount += 1;
    if (message.receiveCount === 1) message.firstReceivedAt = now();
    message.handle = `handle-${receives}`;
    message.visibleAt = now() + visibilityTimeoutS * 1000;
    inFlight.set(message.handle, message);
    return toRecord(message, isFifo);
  }

  return {
    moved,
    send(body, groupId) {
      sent += 1;
      const times = { sentAt: now(), firstReceivedAt: 0, visibleAt: now() };
      messages.add({ id: `message-${sent}`, body, attributes: {}, groupId, receiveCount: 0, handle: '', ...times });
    },
    receive(most) {
      const records: SQSRecord[] = [];
      for (const message of visible(most)) {
        if (message.receiveCount < maxReceiveCount) {
          records.push(deliver(message));
        } else {
          moved.push(message.body);
          drop(message);
        }
      }
      return records;
    },
    changeVisibility(receiptHandle, seconds) {
      const message = inFlight.get(receiptHandle);
      if (message === undefined || message.visibleAt <= now()) return false;
      message.visibleAt = now() + seconds * 1000;
      return true;
    },
    remove(receiptHandle) {
      const message = inFlight.get(receiptHandle);
      if (message !== undefined) drop(message);
    },
    size: () => messages.size,
    nextVisibleAt: () => [...messages].reduce((earliest, { visibleAt }) => Math.min(earliest, visibleAt), Infinity),
  };
}

function toRecord(message: Message, isFifo: boolean): SQSRecord {
  return {
    messageId: message.id,
    receiptHandle: message.handle,
    body: message.body,
    attributes: {
      ApproximateReceiveCount: String(message.receiveCount),
      SentTimestamp: String(message.sentAt),
      SenderId: 'test',
      ApproximateFirstReceiveTimestamp: String(message.firstReceivedAt),
      ...(message.groupId === undefined ? {} : { MessageGroupId: message.groupId }),
    },
    messageAttributes: message.attributes,
    md5OfBody: '',
    eventSource: 'aws:sqs',
    eventSourceARN: `arn:aws:sqs:us-east-1:1:q${isFifo ? '.fifo' : ''}`,
    awsRegion: 'us-east-1',
  };
}

/** At most `most` of the items, in random order. */
function pick<Item>(items: Item[], most: number, random: () => number): Item[] {
  const count = Math.min(most, items.length);
  for (let index = 0; index < count; index += 1) {
    const other = index + Math.floor(random() * (items.length - index));
    const [here, there] = [items[index], items[other]];
    if (here !== undefined && there !== undefined) [items[index], items[other]] = [there, here];
  }
  return items.slice(0, count);
}

import type { SQSMessageAttributes, SQSRecord } from 'aws-lambda';

export interface VirtualQueueOptions {
  readonly now: () => number;
  /** In [0, 1); shuffles what a standard queue gives out. */
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
  /** Of the last receive; the earlier ones are void. */
  handle: string;
  visibleAt: number;
}

/**
 * A model of an SQS queue in virtual time: visibility timeouts, receive counts, void receipt handles, redrive, and the
 * order of FIFO groups. A test holds it against a real SQS API: virtual-queue.test.ts.
 */
export interface VirtualQueue {
  readonly send: (body: string, groupId?: string) => void;
  /** At most `most` visible messages, as Lambda hands them over. */
  readonly receive: (most: number) => SQSRecord[];
  /** False for a void receipt handle. */
  readonly changeVisibility: (receiptHandle: string, seconds: number) => boolean;
  readonly remove: (receiptHandle: string) => void;
  readonly size: () => number;
  /** When the next message becomes visible. */
  readonly nextVisibleAt: () => number;
  /** The bodies that the redrive policy has moved away. */
  readonly moved: readonly string[];
}

export function createVirtualQueue(options: VirtualQueueOptions): VirtualQueue {
  const { now, random, isFifo, visibilityTimeoutS, maxReceiveCount } = options;
  let messages: Message[] = [];
  const moved: string[] = [];
  let sent = 0;
  let receives = 0;

  function held(receiptHandle: string): Message | undefined {
    return messages.find(({ handle, visibleAt }) => handle === receiptHandle && visibleAt > now());
  }

  function visible(): Message[] {
    const blocked = new Set(messages.filter(({ visibleAt }) => visibleAt > now()).map(({ groupId }) => groupId));
    const free = messages.filter(({ visibleAt }) => visibleAt <= now());
    return isFifo ? free.filter(({ groupId }) => !blocked.has(groupId)) : shuffle(free, random);
  }

  function hand(message: Message): SQSRecord {
    receives += 1;
    message.receiveCount += 1;
    if (message.receiveCount === 1) message.firstReceivedAt = now();
    message.handle = `handle-${receives}`;
    message.visibleAt = now() + visibilityTimeoutS * 1000;
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

  return {
    moved,
    send(body, groupId) {
      sent += 1;
      const times = { sentAt: now(), firstReceivedAt: 0, visibleAt: now() };
      messages.push({ id: `message-${sent}`, body, attributes: {}, groupId, receiveCount: 0, handle: '', ...times });
    },
    receive(most) {
      const records: SQSRecord[] = [];
      for (const message of visible()) {
        if (records.length === most) break;
        if (message.receiveCount >= maxReceiveCount) {
          moved.push(message.body);
          messages = messages.filter((other) => other !== message);
        } else {
          records.push(hand(message));
        }
      }
      return records;
    },
    changeVisibility(receiptHandle, seconds) {
      const message = held(receiptHandle);
      if (message === undefined) return false;
      message.visibleAt = now() + seconds * 1000;
      return true;
    },
    remove(receiptHandle) {
      messages = messages.filter(({ handle }) => handle !== receiptHandle);
    },
    size: () => messages.length,
    nextVisibleAt: () => Math.min(...messages.map(({ visibleAt }) => visibleAt)),
  };
}

function shuffle<Item>(items: readonly Item[], random: () => number): Item[] {
  return items
    .map((item) => ({ item, order: random() }))
    .toSorted((a, b) => a.order - b.order)
    .map(({ item }) => item);
}

import type { SQSMessageAttributes, SQSRecord } from 'aws-lambda';

export interface VirtualQueueOptions {
  readonly now: () => number;
  /** In [0, 1). Shuffles the messages of a standard queue. */
  readonly random: () => number;
  readonly isFifo: boolean;
  readonly visibilityTimeoutS: number;
  readonly maxReceiveCount: number;
  /** How long SQS keeps a message. */
  readonly retentionS: number;
}

/** When a message was received. Times are in ms since 1970. */
export interface Receipt {
  readonly firstReceivedAt: number;
  /** From when on the last receive was possible. It happens later when no poller is free. */
  readonly lastVisibleAt: number;
  readonly receives: number;
}

/**
 * SQS's limits: the visibility timeout of one receive, with all its changes, and the messages in flight of a standard queue.
 *
 * @see https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-visibility-timeout.html
 */
const LONGEST_IN_FLIGHT_MS = 12 * 60 * 60 * 1000;
const MOST_IN_FLIGHT = 120_000;

interface Message {
  readonly id: string;
  readonly body: string;
  readonly attributes: SQSMessageAttributes;
  readonly groupId: string | undefined;
  readonly sentAt: number;
  receiveCount: number;
  firstReceivedAt: number;
  receivedAt: number;
  /** The receipt handle of the last receive; earlier ones are invalid. */
  handle: string;
  visibleAt: number;
}

/**
 * A model of an SQS queue in virtual time: visibility timeouts, receive counts, invalid receipt handles, redrive, retention,
 * and the order of FIFO groups. test/local/virtual-queue.test.ts runs the same tests on it and on a real SQS API.
 */
export interface VirtualQueue {
  readonly send: (body: string, groupId?: string) => void;
  /** At most `most` visible messages, as the records that Lambda passes to a function. */
  readonly receive: (most: number) => SQSRecord[];
  /** False for an invalid receipt handle, and for more than twelve hours since the receive. */
  readonly changeVisibility: (receiptHandle: string, seconds: number) => boolean;
  readonly remove: (receiptHandle: string) => void;
  readonly size: () => number;
  /** When the next message becomes visible, in ms since 1970. */
  readonly nextVisibleAt: () => number;
  /** The bodies of the messages that the redrive policy has moved to the dead-letter queue. */
  readonly moved: readonly string[];
  /** The bodies of the messages that SQS has deleted at the end of their retention. */
  readonly expired: readonly string[];
  /** By message id, for every message that has been received. */
  readonly receipts: ReadonlyMap<string, Receipt>;
}

export function createVirtualQueue(options: VirtualQueueOptions): VirtualQueue {
  const { now, isFifo, visibilityTimeoutS, maxReceiveCount, retentionS } = options;
  /** In the order in which they were sent. */
  const messages = new Set<Message>();
  /** By their current receipt handle. */
  const inFlight = new Map<string, Message>();
  const moved: string[] = [];
  const expired: string[] = [];
  const receipts = new Map<string, Receipt>();
  let sent = 0;
  let receives = 0;

  function drop(message: Message): void {
    messages.delete(message);
    inFlight.delete(message.handle);
  }

  function deliver(message: Message): SQSRecord {
    receives += 1;
    inFlight.delete(message.handle);
    message.receiveCount += 1;
    message.receivedAt = now();
    if (message.receiveCount === 1) message.firstReceivedAt = now();
    const { id, firstReceivedAt, visibleAt, receiveCount } = message;
    receipts.set(id, { firstReceivedAt, lastVisibleAt: visibleAt, receives: receiveCount });
    message.handle = `handle-${receives}`;
    message.visibleAt = now() + visibilityTimeoutS * 1000;
    inFlight.set(message.handle, message);
    return toRecord(message, isFifo);
  }

  return {
    moved,
    expired,
    receipts,
    send(body, groupId) {
      sent += 1;
      const times = { sentAt: now(), firstReceivedAt: 0, receivedAt: 0, visibleAt: now() };
      messages.add({ id: `message-${sent}`, body, attributes: {}, groupId, receiveCount: 0, handle: '', ...times });
    },
    receive(most) {
      const records: SQSRecord[] = [];
      const isFull =
        !isFifo && messages.size > MOST_IN_FLIGHT && countInFlight(inFlight.values(), now()) >= MOST_IN_FLIGHT;
      for (const message of isFull ? [] : visibleOf(messages, most, options)) {
        const isExpired = now() - message.sentAt > retentionS * 1000;
        if (!isExpired && message.receiveCount < maxReceiveCount) {
          records.push(deliver(message));
        } else {
          (isExpired ? expired : moved).push(message.body);
          drop(message);
        }
      }
      return records;
    },
    changeVisibility(receiptHandle, seconds) {
      const message = inFlight.get(receiptHandle);
      if (message === undefined || message.visibleAt <= now()) return false;
      const visibleAt = now() + seconds * 1000;
      if (visibleAt - message.receivedAt > LONGEST_IN_FLIGHT_MS) return false;
      message.visibleAt = visibleAt;
      return true;
    },
    remove(receiptHandle) {
      const message = inFlight.get(receiptHandle);
      if (message !== undefined) drop(message);
    },
    size: () => messages.size,
    nextVisibleAt() {
      let earliest = Infinity;
      // Idle pollers ask often, so this makes no list.
      for (const { visibleAt } of messages) if (visibleAt < earliest) earliest = visibleAt;
      return earliest;
    },
  };
}

function visibleOf(
  messages: ReadonlySet<Message>,
  most: number,
  { now, random, isFifo }: VirtualQueueOptions,
): readonly Message[] {
  const at = now();
  const free: Message[] = [];
  const blocked = new Set<string | undefined>();
  for (const message of messages) {
    if (message.visibleAt <= at) free.push(message);
    else if (isFifo) blocked.add(message.groupId);
  }
  if (!isFifo) return pick(free, most, random);
  return free.filter(({ groupId }) => !blocked.has(groupId)).slice(0, most);
}

function countInFlight(messages: Iterable<Message>, now: number): number {
  let count = 0;
  for (const { visibleAt } of messages) if (visibleAt > now) count += 1;
  return count;
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

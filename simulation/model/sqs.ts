import { createMinHeap } from './min-heap.ts';

/** A standard queue's settings. */
export interface QueueOptions<Body> {
  /** In ms since the start of the run. */
  readonly now: () => number;
  /** In [0, 1). Shuffles the messages. */
  readonly random: () => number;
  readonly visibilityTimeoutMs: number;
  readonly maxReceiveCount: number;
  readonly retentionMs: number;
  /** Called with a message that the redrive policy moves to the dead-letter queue, or that is deleted at the end of its retention. */
  readonly onGivenUp: (body: Body) => void;
}

/** A received message. */
export interface Received<Body> {
  readonly body: Body;
  readonly sentAt: number;
  readonly firstReceivedAt: number;
  readonly receiveCount: number;
  /** Becomes invalid when the message is received again. */
  readonly handle: number;
}

/**
 * A model of a standard SQS queue that holds millions of messages. local/virtual/queue.ts is the model for small queues: it can do
 * FIFO as well, and looks at every message at each receive. test/simulation/sqs.test.ts runs the same random scripts on both, and
 * on a real SQS API.
 */
export interface Queue<Body> {
  readonly send: (body: Body) => void;
  /** At most `most` visible messages, about the oldest ones first. */
  readonly receive: (most: number) => readonly Received<Body>[];
  /** False for an invalid handle, a message that is visible, and for more than twelve hours since the receive. */
  readonly changeVisibility: (handle: number, ms: number) => boolean;
  readonly remove: (handle: number) => void;
  /** How many messages may be received now. */
  readonly visible: () => number;
  /** How many messages there are in all. */
  readonly size: () => number;
  readonly counts: QueueCounts;
}

export interface QueueCounts {
  /** How often a message was received. */
  readonly receives: number;
  readonly mostInFlight: number;
}

/**
 * SQS's limits.
 *
 * @see https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-visibility-timeout.html
 */
const LONGEST_IN_FLIGHT_MS = 12 * 60 * 60 * 1000;
const MOST_IN_FLIGHT = 120_000;
/** A receive picks its messages from so many of the oldest ones. Assumed: SQS only says that the order is approximate. */
const PICKS_FROM = 2000;

interface Message<Body> {
  readonly body: Body;
  readonly sentAt: number;
  state: 'visible' | 'in_flight' | 'gone';
  receiveCount: number;
  firstReceivedAt: number;
  receivedAt: number;
  handle: number;
  visibleAt: number;
}

/** The messages of a queue, by whether they can be received. */
interface Store<Body> {
  /** Shows the messages whose visibility timeout is over. Comes before everything else. */
  readonly wake: () => void;
  readonly add: (message: Message<Body>) => void;
  /** Takes one of the oldest visible messages; undefined if there is none. */
  readonly take: () => Message<Body> | undefined;
  readonly hide: (message: Message<Body>, ms: number) => void;
  readonly drop: (message: Message<Body>) => void;
  readonly visible: () => number;
  readonly inFlight: () => number;
  readonly size: () => number;
}

function createStore<Body>({ now, random }: Pick<QueueOptions<Body>, 'now' | 'random'>): Store<Body> {
  const line = createLine<Message<Body>>();
  const hidden = createMinHeap<Message<Body>>();
  let visible = 0;
  let inFlight = 0;

  return {
    visible: () => visible,
    inFlight: () => inFlight,
    size: () => visible + inFlight,
    wake() {
      while (hidden.smallestKey() <= now()) {
        const visibleAt = hidden.smallestKey();
        const message = hidden.pop();
        // What is left of an earlier timeout of the message says nothing any more.
        if (message?.state !== 'in_flight' || message.visibleAt !== visibleAt) continue;
        message.state = 'visible';
        inFlight -= 1;
        visible += 1;
        line.push(message);
      }
    },
    add(message) {
      visible += 1;
      line.push(message);
    },
    take() {
      for (;;) {
        const message = line.take(Math.floor(random() * Math.min(PICKS_FROM, line.length())));
        if (message?.state !== 'gone') return message;
      }
    },
    hide(message, ms) {
      if (message.state === 'visible') {
        message.state = 'in_flight';
        visible -= 1;
        inFlight += 1;
      }
      message.visibleAt = now() + ms;
      hidden.push(message.visibleAt, message);
    },
    drop(message) {
      if (message.state === 'in_flight') inFlight -= 1;
      else visible -= 1;
      message.state = 'gone';
    },
  };
}

/** Creates an empty queue. */
export function createQueue<Body>(options: QueueOptions<Body>): Queue<Body> {
  const { now, visibilityTimeoutMs, maxReceiveCount, retentionMs, onGivenUp } = options;
  const store = createStore<Body>(options);
  /** By their current handle. */
  const received = new Map<number, Message<Body>>();
  const counts = { receives: 0, mostInFlight: 0 };

  function drop(message: Message<Body>): void {
    store.drop(message);
    received.delete(message.handle);
  }

  function deliver(message: Message<Body>): Received<Body> {
    counts.receives += 1;
    received.delete(message.handle);
    message.handle = counts.receives;
    received.set(message.handle, message);
    message.receiveCount += 1;
    message.receivedAt = now();
    if (message.receiveCount === 1) message.firstReceivedAt = now();
    store.hide(message, visibilityTimeoutMs);
    counts.mostInFlight = Math.max(counts.mostInFlight, store.inFlight());
    const { body, sentAt, firstReceivedAt, receiveCount, handle } = message;
    return { body, sentAt, firstReceivedAt, receiveCount, handle };
  }

  return {
    counts,
    size: store.size,
    visible() {
      store.wake();
      return store.visible();
    },
    send(body) {
      const times = { sentAt: now(), firstReceivedAt: 0, receivedAt: 0, visibleAt: now() };
      store.add({ body, state: 'visible', receiveCount: 0, handle: 0, ...times });
    },
    receive(most) {
      store.wake();
      const records: Received<Body>[] = [];
      while (records.length < most && store.inFlight() < MOST_IN_FLIGHT) {
        const message = store.take();
        if (message === undefined) break;
        const isExpired = now() - message.sentAt > retentionMs;
        if (!isExpired && message.receiveCount < maxReceiveCount) {
          records.push(deliver(message));
        } else {
          drop(message);
          onGivenUp(message.body);
        }
      }
      return records;
    },
    changeVisibility(handle, ms) {
      store.wake();
      const message = received.get(handle);
      if (message?.state !== 'in_flight') return false;
      if (now() + ms - message.receivedAt > LONGEST_IN_FLIGHT_MS) return false;
      store.hide(message, ms);
      return true;
    },
    remove(handle) {
      store.wake();
      const message = received.get(handle);
      if (message !== undefined) drop(message);
    },
  };
}

/** A line that values leave near its front. */
interface Line<Value> {
  readonly length: () => number;
  readonly push: (value: Value) => void;
  /** Takes the value at a place, counted from the front, and moves the first one to its place. */
  readonly take: (place: number) => Value | undefined;
}

/** The front is moved instead of all values, and what lies before it is thrown away from time to time. */
const THROW_AWAY_AT = 50_000;

function createLine<Value>(): Line<Value> {
  let values: Value[] = [];
  let front = 0;
  return {
    length: () => values.length - front,
    push: (value) => void values.push(value),
    take(place) {
      const taken = values[front + place];
      const first = values[front];
      if (taken === undefined || first === undefined) return undefined;
      values[front + place] = first;
      front += 1;
      if (front > THROW_AWAY_AT && front * 2 > values.length) {
        values = values.slice(front);
        front = 0;
      }
      return taken;
    },
  };
}

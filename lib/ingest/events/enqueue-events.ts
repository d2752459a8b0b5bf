import { inBatches, type BatchLimits } from '../../batches.ts';
import type { Clock } from '../../clock.ts';
import { MOST_DEAD_LETTERS } from '../../sqs/dead-letter.ts';
import { refuse, type Refusal, type RefusalReason } from '../http/refusal.ts';
import { toDeadLetters } from './dead-letters.ts';
import {
  messageIdIn,
  placeOf,
  rejectElement,
  type Element,
  type RejectedElement,
  type UnusableReason,
  type UsableElement,
} from './element.ts';
import type { EventQueue } from './event-queue.ts';
import { sendMessages } from './send.ts';
import { hasUnreadableTime, stampEvent, type Reception } from './stamp.ts';
import { toMessages } from './to-messages.ts';

/** What is known about the request, or the invocation, that contained the elements. */
export interface ElementsReception extends Reception {
  /** The name of the source, for its dead letters. */
  readonly source: string;
  /** The whole body as it came: the one dead letter of a request with very many rejected elements. */
  readonly text: () => string;
  /** When to stop sending, in ms since 1970. */
  readonly deadline: number;
  /**
   * Whether a request without any usable element becomes dead letters, because nobody reads the answer. Otherwise it is refused, and
   * its sender is told why.
   */
  readonly isKeptIfNothingIsUsable: () => boolean;
}

/** What `enqueueEvents` uses. */
export interface EnqueueDependencies {
  readonly queue: EventQueue;
  readonly deadLetterQueue: EventQueue;
  readonly clock: Clock;
  /** In [0, 1). */
  readonly random: () => number;
  /** Called when a whole call to SQS fails. */
  readonly onFailure: (error: unknown) => void;
}

/** Every element is in one of the two queues. */
export interface Taken {
  readonly kind: 'taken';
  /** Events in the queue. */
  readonly events: number;
  /** Messages that hold them. */
  readonly messages: number;
  /** Events whose time cannot be read, so that they have the time of the request. */
  readonly withoutTime: number;
  /** How many elements went to the dead-letter queue, by reason. */
  readonly rejected: ReadonlyMap<UnusableReason, number>;
}

/** How much of a request is stamped and sent at once: its events and characters. It bounds the memory that a request needs. */
const PART_LIMITS: BatchLimits = { items: 10_000, bytes: 2 * 1024 * 1024 };

/**
 * Adds to each event what RudderStack's gateway adds, and sends it to the queue, part by part. Then the elements that cannot be
 * used go to the dead-letter queue, each with its original text and the reason.
 *
 * @param elements in their order; they are taken one part at a time
 * @returns refused with `queue_unavailable` unless every element is in one of the queues; refused with the reason of the first
 *   element if none can be used and `isKeptIfNothingIsUsable` does not say otherwise
 */
export async function enqueueEvents(
  elements: Iterable<Element>,
  reception: ElementsReception,
  { queue, deadLetterQueue, ...sending }: EnqueueDependencies,
): Promise<Taken | Refusal> {
  const { deadline, source, text } = reception;
  const counts = { events: 0, messages: 0, withoutTime: 0 };
  const unusable = collectRejected();
  for (const part of inBatches(elements, PART_LIMITS, ({ characters }) => characters)) {
    const { messages, events, withoutTime, rejected } = prepare(part, reception, queue.isFifo);
    for (const element of rejected) unusable.add(element);
    const unsent = await sendMessages(messages, deadline, { queue, ...sending });
    if (unsent > 0) return refuse('queue_unavailable');
    counts.events += events;
    counts.messages += messages.length;
    counts.withoutTime += withoutTime;
  }
  const [first] = unusable.first;
  if (first === undefined) return { kind: 'taken', ...counts, rejected: unusable.byReason };
  if (counts.events === 0 && !reception.isKeptIfNothingIsUsable()) return refusalOf(first);
  const count = unusable.count();
  const deadLetters = toDeadLetters(
    { first: unusable.first, count, of: count + counts.events },
    { source, text, failedAt: reception.receivedAtMs, isFifo: deadLetterQueue.isFifo },
  );
  const unsent = await sendMessages(deadLetters, deadline, { queue: deadLetterQueue, ...sending });
  return unsent > 0 ? refuse('queue_unavailable') : { kind: 'taken', ...counts, rejected: unusable.byReason };
}

interface Prepared {
  readonly messages: ReturnType<typeof toMessages>['messages'];
  readonly events: number;
  readonly withoutTime: number;
  readonly rejected: readonly RejectedElement[];
}

/** Stamps the events of a part, and writes the messages that hold them. */
function prepare(part: readonly Element[], reception: Reception, isFifo: boolean): Prepared {
  const usable = part.filter((element): element is UsableElement => element.kind === 'event');
  const stamped = usable.map(({ event }) => stampEvent(event, reception));
  const { messages, tooLarge } = toMessages(stamped, isFifo);
  const details = new Map(tooLarge.map(({ index, detail }) => [usable[index], detail]));
  const rejected = part.flatMap((element): readonly RejectedElement[] => {
    if (element.kind === 'rejected') return [element];
    const detail = details.get(element);
    if (detail === undefined) return [];
    return [rejectElement(element, 'too_large', `${placeOf(element)}, ${detail}`, messageIdIn(element.event))];
  });
  const sent = usable.filter((element) => !details.has(element));
  const withoutTime = sent.filter(({ event }) => hasUnreadableTime(event, reception)).length;
  return { messages, events: sent.length, withoutTime, rejected };
}

/** Keeps the first rejected elements and counts the others, so that a request full of them needs no memory for each. */
function collectRejected(): {
  readonly add: (element: RejectedElement) => void;
  readonly first: readonly RejectedElement[];
  readonly count: () => number;
  readonly byReason: ReadonlyMap<UnusableReason, number>;
} {
  const first: RejectedElement[] = [];
  const byReason = new Map<UnusableReason, number>();
  let count = 0;
  return {
    first,
    byReason,
    count: () => count,
    add(element) {
      count += 1;
      byReason.set(element.reason, (byReason.get(element.reason) ?? 0) + 1);
      if (first.length < MOST_DEAD_LETTERS) first.push(element);
    },
  };
}

const REFUSED_AS: Readonly<Record<UnusableReason, RefusalReason>> = {
  not_json: 'not_json',
  no_event: 'no_event',
  missing_identity: 'missing_identity',
  too_deep: 'too_deep',
  forbidden_key: 'forbidden_key',
  too_large: 'event_too_large',
};

function refusalOf({ reason, detail }: RejectedElement): Refusal {
  return refuse(REFUSED_AS[reason], detail);
}

import { createHash } from 'node:crypto';
import { inBatchesAsync } from '../../lib/batches.ts';
import { messageGroupOf } from '../../lib/rudderstack/message-group.ts';
import type { OutgoingMessage } from '../../lib/sqs/message.ts';
import { CallerError } from '../caller-error.ts';
import type { Entry } from '../history/open-history.ts';
import { describeRefusal, nameOf } from '../history/refusal.ts';
import { checkpointOf, NOTHING_DONE, sealOf, type Reached } from './checkpoint.ts';
import { refusalOf, toBodyOf } from './refuse-item.ts';

/** Options of `toMessages`. */
export interface MessageOptions {
  /** `-` for standard input. */
  readonly file: string;
  /** How many items are in the queue already; they have to be the same as then. */
  readonly skip: Reached;
  /** The maximum number of events per message. */
  readonly eventsPerMessage: number;
  readonly isFifo: boolean;
  /** Called for each item that is left out or sent. */
  readonly onEntry: (entry: Entry) => void;
  /** Takes an item that cannot be sent; undefined to stop at it. */
  readonly onBad: ((entry: Entry, why: string) => void) | undefined;
  /** Returns the size of the file that `onBad` writes to, in bytes. */
  readonly badBytes: () => number;
  /** Returns the error if the items that are in the queue would be sent otherwise now. */
  readonly changed?: (() => CallerError) | undefined;
}

/** A message, with how far the file is in the queue when it is. */
export interface NumberedMessage extends OutgoingMessage {
  readonly upTo: Reached;
  /** The number of events or bodies in it. */
  readonly parts: number;
}

/** The maximum size of a shared message. SQS bills every 64 KB as one request, so larger messages are not cheaper. */
const SHARED_BYTES = 60 * 1024;

/**
 * The message group of a load. On a standard queue it makes the load one tenant of a fair queue: as soon as it has more than a
 * tenth of what is in flight, messages of others, and those without a group, are delivered first.
 *
 * @see https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-fair-queues.html
 */
const BACKFILL = 'backfill';

/** An item that is ready to be put into a message. */
interface Part {
  readonly text: string;
  /** Whether it needs a message of its own. */
  readonly isAlone: boolean;
  readonly group: string;
  readonly upTo: Reached;
}

/**
 * Batches the items of a file into messages. Events share messages; any other item has a message of its own.
 *
 * @throws CallerError that names the file and line of an item that cannot be sent, after all messages before it, unless
 *   `onBad` takes it; or if the items that are in the queue already have changed
 */
export async function* toMessages(
  entries: AsyncIterable<Entry>,
  options: MessageOptions,
): AsyncGenerator<NumberedMessage> {
  const limits = { items: options.eventsPerMessage, bytes: SHARED_BYTES };
  for await (const parts of inBatchesAsync(partsOf(entries, options), limits, bytesOf)) {
    yield toMessage(parts, options);
  }
}

/** Includes the comma after the event. An infinite size makes an item fill a message. */
function bytesOf({ text, isAlone }: Part): number {
  return isAlone ? Infinity : Buffer.byteLength(text) + 1;
}

async function* partsOf(entries: AsyncIterable<Entry>, options: MessageOptions): AsyncGenerator<Part> {
  const { file, skip, isFifo, onEntry, onBad, badBytes, changed = () => changedFile(file, skip) } = options;
  let upTo = NOTHING_DONE;
  for await (const entry of entries) {
    const { item, reading } = entry;
    upTo = { done: upTo.done + 1, seal: sealOf(upTo.seal, entry), badBytes: 0 };
    if (upTo.done === skip.done && upTo.seal !== skip.seal) throw changed();
    if (upTo.done <= skip.done) continue;
    const refused = refusalOf(entry);
    if (refused !== undefined) {
      const why = describeRefusal({ place: { file: nameOf(file), line: item.line }, ...refused });
      if (onBad === undefined) throw new CallerError(why);
      onBad(entry, why);
      continue;
    }
    onEntry(entry);
    if (reading.kind === 'bad' || reading.kind === 'left_out') continue;
    const group = reading.kind === 'event' ? messageGroupOf(reading.event) : BACKFILL;
    const isAlone = reading.kind === 'body' || isFifo;
    yield { text: reading.text, isAlone, group, upTo: { ...upTo, badBytes: badBytes() } };
  }
  if (upTo.done < skip.done) throw changed();
}

function changedFile(file: string, { done }: Reached): CallerError {
  return new CallerError(
    `${file} has changed in its first ${done} items, which are in the queue already: delete ${checkpointOf(file)} to start over`,
  );
}

function toMessage(parts: readonly Part[], { isFifo }: MessageOptions): NumberedMessage {
  const [first] = parts;
  const last = parts.at(-1);
  if (first === undefined || last === undefined) throw new Error('a message needs at least one item');
  const text = parts.length === 1 ? first.text : `{"batch":[${parts.map((part) => part.text).join(',')}]}`;
  const body = toBodyOf(text);
  const bytes = Buffer.byteLength(body);
  const { upTo } = last;
  const numbered = { body, bytes, upTo, parts: parts.length };
  if (!isFifo) return { ...numbered, groupId: BACKFILL };
  const digest = createHash('sha256').update(body).digest('hex');
  return { ...numbered, groupId: first.group, deduplicationId: `${upTo.done}-${digest}` };
}

import { createHash } from 'node:crypto';
import { inBatchesAsync } from '../../lib/batches.ts';
import type { JsonObject } from '../../lib/json.ts';
import { SQS_LIMITS } from '../../lib/sqs/limits.ts';
import { compress, escapeJson, toMessageBody } from '../../lib/sqs/message-body.ts';
import type { OutgoingMessage } from '../../lib/sqs/message.ts';
import { CallerError } from '../caller-error.ts';
import type { Item } from './read-items.ts';
import { toBody } from './to-body.ts';

/** Options of `toMessages`. */
export interface MessageOptions {
  /** `-` for standard input. */
  readonly file: string;
  /** The number of items to skip, because they are in the queue already. */
  readonly skip: number;
  /** The maximum number of events per message. */
  readonly eventsPerMessage: number;
  readonly isFifo: boolean;
}

/** A message, with the number of items from the start of the file to its last one. */
export interface NumberedMessage extends OutgoingMessage {
  readonly upTo: number;
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
  readonly upTo: number;
  /** File and line, for error messages. */
  readonly place: string;
}

/**
 * Batches the items of a file into messages. Events share messages; any other item has a message of its own.
 *
 * @throws CallerError that names the file and line of an item that is not valid JSON or too large, after all messages before
 *   it
 */
export async function* toMessages(
  items: AsyncIterable<Item>,
  options: MessageOptions,
): AsyncGenerator<NumberedMessage> {
  const limits = { items: options.eventsPerMessage, bytes: SHARED_BYTES };
  for await (const parts of inBatchesAsync(partsOf(items, options), limits, bytesOf)) {
    yield toMessage(parts, options.isFifo);
  }
}

/** Includes the comma after the event. An infinite size makes an item fill a message. */
function bytesOf({ text, isAlone }: Part): number {
  return isAlone ? Infinity : Buffer.byteLength(text) + 1;
}

async function* partsOf(items: AsyncIterable<Item>, { file, skip, isFifo }: MessageOptions): AsyncGenerator<Part> {
  let upTo = 0;
  for await (const { text, line } of items) {
    upTo += 1;
    if (upTo <= skip) continue;
    const place = `${file === '-' ? 'standard input' : file}, line ${line}`;
    const body = toBody(text);
    if (body.kind === 'not_json') throw new CallerError(`${place} is not valid JSON: ${body.problem}`);
    const group = body.kind === 'event' ? userOf(body.event) : BACKFILL;
    yield { text: body.text, isAlone: body.kind === 'body' || isFifo, group, upTo, place };
  }
}

function toMessage(parts: readonly Part[], isFifo: boolean): NumberedMessage {
  const [first] = parts;
  const last = parts.at(-1);
  if (first === undefined || last === undefined) throw new Error('a message needs at least one item');
  const text = parts.length === 1 ? first.text : `{"batch":[${parts.map((part) => part.text).join(',')}]}`;
  const body = toBodyOf(text);
  const bytes = Buffer.byteLength(body);
  if (bytes > SQS_LIMITS.bytes) {
    throw new CallerError(`${first.place} is too large for an SQS message: ${bytes} bytes even when compressed`);
  }
  const { upTo } = last;
  if (!isFifo) return { body, bytes, upTo, groupId: BACKFILL };
  const digest = createHash('sha256').update(body).digest('hex');
  return { body, bytes, upTo, groupId: first.group, deduplicationId: `${upTo}-${digest}` };
}

/** The message group on a FIFO queue: the events of one user keep their order. */
function userOf({ userId, anonymousId }: JsonObject): string {
  return createHash('md5')
    .update(JSON.stringify([userId, anonymousId]))
    .digest('hex');
}

/**
 * Escapes in JSON what SQS refuses. Other text must not change: it is compressed if it holds such characters, and the function
 * unpacks it.
 */
function toBodyOf(text: string): string {
  const escaped = escapeJson(text);
  return escaped === text || isJson(text) ? toMessageBody(escaped) : compress(text);
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

import { createHash } from 'node:crypto';
import { inBatchesAsync } from '../../lib/batches.ts';
import type { JsonObject } from '../../lib/json.ts';
import { SQS_LIMITS } from '../../lib/sqs/limits.ts';
import { escapeJson, toMessageBody } from '../../lib/sqs/message-body.ts';
import type { OutgoingMessage } from '../../lib/sqs/message.ts';
import { CallerError } from '../caller-error.ts';
import type { Item } from './read-items.ts';
import { toBody } from './to-body.ts';

export interface MessageOptions {
  /** `-` for standard input. */
  readonly file: string;
  /** Items to leave out: they are in the queue already. */
  readonly skip: number;
  /** Events that share a message at most. */
  readonly eventsPerMessage: number;
  readonly isFifo: boolean;
}

/** A message with the number of items, from the beginning of the file, up to and including its last one. */
export interface NumberedMessage extends OutgoingMessage {
  readonly upTo: number;
}

/** SQS counts 64 KB as one request; a message beyond that saves nothing. */
const SHARED_BYTES = 60 * 1024;

/** An item of a file, on its way into a message. */
interface Part {
  readonly text: string;
  /** Whether it needs a message of its own. */
  readonly isAlone: boolean;
  readonly group: string;
  readonly upTo: number;
  /** Where it stands, for a person. */
  readonly place: string;
}

/**
 * Puts the items of a file into messages: several events share one, and whatever is not a single event goes alone.
 *
 * @throws CallerError naming file and line for an item that is not valid JSON or too large; the messages before it are given
 *   out first
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

/** With a comma; what is alone fills a message. */
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
    const group = body.kind === 'event' ? userOf(body.event) : 'backfill';
    yield { text: body.text, isAlone: body.kind === 'body' || isFifo, group, upTo, place };
  }
}

function toMessage(parts: readonly Part[], isFifo: boolean): NumberedMessage {
  const [first] = parts;
  const last = parts.at(-1);
  if (first === undefined || last === undefined) throw new Error('a message holds one item at least');
  const text = parts.length === 1 ? first.text : `{"batch":[${parts.map((part) => part.text).join(',')}]}`;
  const body = toMessageBody(escapeJson(text));
  const bytes = Buffer.byteLength(body);
  if (bytes > SQS_LIMITS.bytes) {
    throw new CallerError(`${first.place} does not fit into an SQS message, even compressed: ${bytes} bytes`);
  }
  const { upTo } = last;
  if (!isFifo) return { body, bytes, upTo };
  const digest = createHash('sha256').update(body).digest('hex');
  return { body, bytes, upTo, groupId: first.group, deduplicationId: `${upTo}-${digest}` };
}

/** On a FIFO queue a user's events keep their order. */
function userOf({ userId, anonymousId }: JsonObject): string {
  return createHash('md5')
    .update(JSON.stringify([userId, anonymousId]))
    .digest('hex');
}

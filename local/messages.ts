import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { FilePlace } from '../cli/causes.ts';
import { openHistory } from '../cli/history/open-history.ts';
import { DEFAULT_READ_OPTIONS } from '../cli/history/read-options.ts';
import { nameOf } from '../cli/history/refusal.ts';
import { isArray, isObject } from '../lib/json.ts';

/** The body of one SQS message that is to be sent. */
export interface MessageSource {
  readonly body: string;
  /** Where it comes from, for messages to the user: a file, and its line if there is one. */
  readonly origin: string;
  /** Its line in the person's own file. */
  readonly place?: FilePlace;
}

const EVENTS = join(import.meta.dirname, '..', 'events');

/** A message for each sample event in events/, and one for each record of the sample SQS events. */
export function sampleMessages(): readonly MessageSource[] {
  const bySource = readdirSync(EVENTS)
    .filter((file) => file.endsWith('.json'))
    .flatMap((file) => readList(join(EVENTS, file)).map((event) => ({ body: JSON.stringify(event), origin: file })));
  const bodies = readdirSync(join(EVENTS, 'sqs')).flatMap((file) => {
    const sqsEvent: unknown = JSON.parse(readFileSync(join(EVENTS, 'sqs', file), 'utf8'));
    const records = isObject(sqsEvent) && isArray(sqsEvent['Records']) ? sqsEvent['Records'] : [];
    return records.map((record) => ({
      body: isObject(record) && typeof record['body'] === 'string' ? record['body'] : '',
      origin: `sqs/${file}`,
    }));
  });
  return [...bySource, ...bodies];
}

function readList(file: string): readonly unknown[] {
  const list: unknown = JSON.parse(readFileSync(file, 'utf8'));
  if (!isArray(list)) throw new Error(`${file} is not a list of events`);
  return list;
}

/**
 * A message for each item of a file, as `heapq enqueue` reads it. What `enqueue` leaves out or stops at is sent as it came, so
 * that one sees what becomes of it.
 *
 * @param file `-` for standard input
 * @throws when the file cannot be read, or is refused
 */
export async function* readMessages(file: string): AsyncGenerator<MessageSource> {
  const options = { ...DEFAULT_READ_OPTIONS, allowNoTime: true };
  const { entries } = await openHistory(file, options, () => undefined, Date.now());
  for await (const { item, reading } of entries) {
    const body = reading.kind === 'bad' ? item.text : reading.text;
    const place = { file: nameOf(file), line: item.line };
    yield { body, origin: `${place.file}:${place.line}`, place };
  }
}

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { readItems } from '../cli/backfill/read-items.ts';
import { isArray, isObject } from '../lib/json.ts';

/** What is to be one SQS message. */
export interface MessageSource {
  readonly body: string;
  /** Where it came from, for a person: a file and a line. */
  readonly origin: string;
}

const EVENTS = join(import.meta.dirname, '..', 'events');

/** The sample events of every source, a message each, and the bodies of the sample SQS events. */
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
 * A message for each item of a file, as `heapq enqueue` reads it.
 *
 * @param file `-` for standard input
 * @throws when the file cannot be read
 */
export async function* readMessages(file: string): AsyncGenerator<MessageSource> {
  for await (const { text, line } of readItems(file, () => undefined)) {
    yield { body: text, origin: `${file === '-' ? 'standard input' : file}:${line}` };
  }
}

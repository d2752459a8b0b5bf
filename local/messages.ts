import { createReadStream, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { pipeline, type Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
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
  if (!isArray(list)) throw new Error(`${file} is no list of events`);
  return list;
}

/**
 * A message for each line that is not blank.
 *
 * @param file NDJSON, packed with gzip when its name ends in .gz; `-` for standard input
 * @throws when the file cannot be read
 */
export async function* readMessages(file: string): AsyncGenerator<MessageSource> {
  let line = 0;
  for await (const body of createInterface({ input: open(file), crlfDelay: Number.POSITIVE_INFINITY })) {
    line += 1;
    if (body.trim() !== '') yield { body, origin: `${file === '-' ? 'standard input' : file}:${line}` };
  }
}

function open(file: string): Readable {
  if (file === '-') return process.stdin;
  const stream = createReadStream(file);
  if (!file.endsWith('.gz')) return stream;
  const gunzip = createGunzip();
  // An error of either stream reaches the reader of the second.
  pipeline(stream, gunzip, () => undefined);
  return gunzip;
}

import type { SQSRecord } from 'aws-lambda';
import { readSettings } from '../lib/rudderstack/settings.ts';
import { isObject, type JsonObject } from '../lib/json.ts';
import { decide } from '../lib/mapping/decide.ts';
import { toRecord } from '../local/lambda/event-source-mapping.ts';
import { sampleMessages } from '../local/messages.ts';

const MOST_RECORDS = 10_000;
const MOST_BYTES = 6_000_000;

export const SETTINGS = readSettings({ appId: '11' });

/**
 * Events with the size and nesting of those in events/, from each SDK in turn, with generated users, ids and times. Events
 * that Heap does not get are left out: they cost little more than parsing, and would make every figure look better.
 *
 * @param seed the same seed gives the same events
 */
export function realisticEvents(count: number, seed = 1): readonly JsonObject[] {
  const random = createRandom(seed);
  const templates = sampleMessages()
    .filter(({ origin }) => !origin.startsWith('sqs/'))
    .map(({ body }): unknown => JSON.parse(body))
    .filter(isObject)
    .filter((event) => decide(event, SETTINGS).kind === 'mapped');
  const users = Math.max(1, Math.ceil(count / 3));
  return Array.from({ length: count }, (_, index) => {
    const id = Array.from({ length: 4 }, () => Math.floor(random() * 2 ** 32).toString(16)).join('-');
    const time = new Date(1_795_000_000_000 + index * 37).toISOString();
    return {
      ...templates[index % templates.length],
      messageId: id,
      userId: `user-${Math.floor(random() * users)}`,
      originalTimestamp: time,
      sentAt: time,
    };
  });
}

/** Track events only, each with its own id. */
export function trackEvents(count: number): readonly JsonObject[] {
  return realisticEvents(count * 4)
    .filter(({ type }) => type === 'track')
    .slice(0, count);
}

/** A record for each body, as Lambda passes them to a function. */
export function recordsOf(bodies: readonly string[]): SQSRecord[] {
  return bodies.map((Body, index) =>
    toRecord(
      {
        MessageId: `record-${index}`,
        Body,
        Attributes: { SentTimestamp: '1795000000000', ApproximateReceiveCount: '1' },
      },
      'arn:aws:sqs:us-east-1:000000000000:queue',
    ),
  );
}

/**
 * Lambda's largest batch, as JSON: 10,000 records within 6 MB. The events are small, because each record has about 500 bytes of
 * metadata.
 */
export function largestBatch(): { readonly text: string; readonly records: number } {
  const small = realisticEvents(MOST_RECORDS).map(({ type, event, userId, messageId, originalTimestamp }, index) =>
    JSON.stringify({
      type,
      event,
      userId,
      messageId,
      originalTimestamp,
      traits: { plan: 'pro' },
      properties: { index },
    }),
  );
  const records = recordsOf(small);
  while (Buffer.byteLength(JSON.stringify({ Records: records })) > MOST_BYTES) records.length -= 100;
  return { text: JSON.stringify({ Records: records }), records: records.length };
}

/** Reproducible random numbers in [0, 1), by the algorithm mulberry32. */
function createRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d_2b_79_f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

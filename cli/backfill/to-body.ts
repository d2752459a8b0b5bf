import { parseJsonToPassOn } from '../../lib/exact-json.ts';
import { isObject, type JsonObject } from '../../lib/json.ts';
import { isDeeperThan, memberText } from '../../lib/json-text.ts';

/** JSON columns of a warehouse may be nested, within reason. */
const MOST_NESTING = 200;

/** How an item of a file is sent. */
export type Backfilled =
  /** A single event, which may share a message with others. */
  | { readonly kind: 'event'; readonly text: string; readonly event: JsonObject }
  /** A message body of its own: a batch, another envelope, or the body of a dead letter. */
  | { readonly kind: 'body'; readonly text: string }
  | { readonly kind: 'not_json'; readonly problem: string };

/**
 * Recognizes the format of an item: an event as sent by an SDK or written by RudderStack's storage destinations, a batch or
 * another envelope, a line of `dead-letters export`, or a row of a RudderStack warehouse table.
 */
export function toBody(text: string): Backfilled {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    return { kind: 'not_json', problem: error instanceof Error ? error.message : String(error) };
  }
  if (!isObject(value)) return { kind: 'body', text };
  if (isObject(value['deadLetter'])) {
    if (typeof value['body'] === 'string') return { kind: 'body', text: value['body'] };
    const event = memberText(text, 'event') ?? text;
    return isEvent(value['event'])
      ? { kind: 'event', text: event, event: value['event'] }
      : { kind: 'body', text: event };
  }
  if (isEvent(value)) return { kind: 'event', text, event: value };
  // Rows are flat. Deeper ones, which cannot be written as JSON again, are left to the function to reject.
  const isFlatEnough = isRow(value) && !isDeeperThan(text, MOST_NESTING);
  const event = isFlatEnough ? eventOfRow(parseJsonToPassOn(text)) : undefined;
  return event === undefined ? { kind: 'body', text } : { kind: 'event', text: JSON.stringify(event), event };
}

function isEvent(value: unknown): value is JsonObject {
  return isObject(value) && typeof value['type'] === 'string' && !('batch' in value);
}

/** Whether RudderStack adds a column itself: it is neither a property nor a trait. */
export function isOwnColumn(name: string): boolean {
  const column = name.toLowerCase();
  return OWN_COLUMNS.has(column) || (column.startsWith('context_') && !column.startsWith(CONTEXT_TRAITS));
}

const CONTEXT_TRAITS = 'context_traits_';

const OWN_COLUMNS: ReadonlySet<string> = new Set([
  'id',
  'anonymous_id',
  'user_id',
  'event',
  'event_text',
  'received_at',
  'sent_at',
  'original_timestamp',
  'timestamp',
  'uuid_ts',
  'loaded_at',
  'channel',
]);

function isRow(value: JsonObject): boolean {
  const filled = new Set(
    Object.keys(value)
      .filter((name) => isFilled(value[name]))
      .map((name) => name.toLowerCase()),
  );
  return filled.has('received_at') || filled.has('original_timestamp');
}

function isFilled(value: unknown): boolean {
  return value !== null && value !== '';
}

/**
 * Restores an event from a row of `tracks`, of the table of a single event, of `identifies` or of `users`. The properties
 * keep the names of their columns, since the original names are lost. An integer that a double cannot hold stays as it came.
 *
 * @see https://www.rudderstack.com/docs/destinations/warehouse-destinations/warehouse-schema/
 */
function eventOfRow(given: unknown): JsonObject | undefined {
  if (!isObject(given)) return undefined;
  const row = new Map(
    Object.entries(given)
      .filter(([, value]) => isFilled(value))
      .map(([name, value]) => [name.toLowerCase(), value]),
  );
  const facts = [...row].filter(([name]) => !isOwnColumn(name) && !name.startsWith(CONTEXT_TRAITS));
  const name = row.get('event_text') ?? row.get('event');
  const times = { timestamp: row.get('timestamp') ?? row.get('original_timestamp') ?? row.get('received_at') };
  const about = { channel: row.get('channel'), anonymousId: row.get('anonymous_id'), ...times };
  if (name !== undefined) {
    const properties = Object.fromEntries(facts);
    return { type: 'track', event: name, messageId: row.get('id'), userId: row.get('user_id'), ...about, properties };
  }
  const ofContext = [...row].flatMap(([column, value]): [string, unknown][] =>
    column.startsWith(CONTEXT_TRAITS) ? [[column.slice(CONTEXT_TRAITS.length), value]] : [],
  );
  // In the table `users` the column `id` contains the user's id.
  const isUser = !row.has('user_id') && !row.has('anonymous_id');
  return {
    type: 'identify',
    messageId: isUser ? undefined : row.get('id'),
    userId: isUser ? row.get('id') : row.get('user_id'),
    ...about,
    traits: Object.fromEntries([...ofContext, ...facts]),
  };
}

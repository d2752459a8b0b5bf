import { parseJsonToPassOn } from '../../lib/exact-json.ts';
import { parseInstant, readTime } from '../../lib/instant.ts';
import { isObject, type JsonObject } from '../../lib/json.ts';
import { isDeeperThan, memberText } from '../../lib/json-text.ts';
import { readTimestamp } from '../../lib/mapping/timestamp.ts';
import { unwrap } from '../../lib/rudderstack/envelope.ts';
import { typeName } from '../../lib/rudderstack/event-types.ts';
import { jsonInText } from './cells.ts';
import { classify } from './classify.ts';
import { eventOfColumns, OBJECTS, withParsedTexts } from './columns-to-event.ts';
import { toRow, type Row } from './columns.ts';
import type { Item } from './item.ts';
import type { ReadOptions, TableName } from './read-options.ts';
import type { ItemProblem } from './refusal.ts';
import { eventOfRow, type RowOptions } from './row-to-event.ts';
import { tablesWith } from './tables.ts';
import { firstTime } from './times.ts';

/** What a file holds, as its head shows. */
export type FileShape =
  /** Events, envelopes and dead letters, each of which says by itself what it is. */
  | { readonly kind: 'events' }
  /** The columns of a CSV file are the fields of events. */
  | { readonly kind: 'event_in_columns' }
  | { readonly kind: 'table'; readonly table: TableName };

/** What an item of a file is sent as. */
export type Reading =
  /** A single event, which may share a message with others. */
  | {
      readonly kind: 'event';
      readonly text: string;
      readonly event: JsonObject;
      readonly shape: string;
      /** Whether its properties have the names of columns, so that its idempotency key is not that of the live event. */
      readonly isRow: boolean;
    }
  /** A message body of its own: a batch, another envelope, or the body of a dead letter. */
  | { readonly kind: 'body'; readonly text: string; readonly shape: string }
  | { readonly kind: 'left_out'; readonly why: LeftOut; readonly text: string; readonly shape: string }
  | { readonly kind: 'bad'; readonly code: ItemProblem; readonly problem: string };

/**
 * Why an event is not sent, although it was read: the caller has said so. Whatever else is not for Heap, such as a page or a group,
 * goes to the queue as the live event did, and the function decides by its settings.
 */
export type LeftOut = 'skipped' | 'not_before';

/** Rows are flat. Deeper ones cannot be written as JSON again. */
const MOST_NESTING = 200;

/**
 * Reads an item: an event as sent by an SDK or written by RudderStack's storage destinations, a batch or another envelope, a
 * line of `dead-letters export`, a message of Kafka, or a row.
 *
 * @param nowMs in ms since 1970: later times are not believed
 */
export function readItem(item: Item, shape: FileShape, options: ReadOptions, nowMs: number): Reading {
  if (item.problem !== undefined) return bad('cells', item.problem);
  let value: unknown;
  try {
    value = JSON.parse(item.text);
  } catch (error) {
    return bad('not_json', `is not valid JSON: ${error instanceof Error ? error.message : String(error)}`);
  }
  const as = shape.kind === 'events' ? classify(value) : shapeOfItem(value, shape);
  const rowOptions = { types: options.types, dateFormat: options.dateFormat, nowMs };
  switch (as.kind) {
    case 'dead_letter':
      return isObject(value) ? readDeadLetter(value, item.text, options, nowMs) : UNKNOWN;
    case 'envelope':
      return readEnvelope(item.text, options, nowMs);
    case 'event':
      return isObject(value) ? withData(eventAsItCame(value, item.text), options, nowMs) : UNKNOWN;
    case 'event_in_columns':
      return fromJson(item.text, options, nowMs, (object) => ({
        event: eventOfColumns(object, options.nulls, rowOptions),
        shape: 'events in columns',
      }));
    case 'row':
      return shape.kind === 'table' ? readRow(item.text, shape.table, options, rowOptions) : UNKNOWN;
    case 'kafka':
      return readItem({ text: as.text, line: item.line }, { kind: 'events' }, options, nowMs);
    case 'other_product':
      return bad('unknown_shape', `is an event of ${as.product.name}`);
    case 'unknown':
      return UNKNOWN;
  }
}

const UNKNOWN: Reading = {
  kind: 'bad',
  code: 'unknown_shape',
  problem: 'is neither an event nor a row that is known',
};

function bad(code: ItemProblem, problem: string): Reading {
  return { kind: 'bad', code, problem };
}

/** In a file of rows everything is a row, but for events and dead letters that are plainly none. */
function shapeOfItem(value: unknown, shape: FileShape): ReturnType<typeof classify> {
  if (!isObject(value)) return { kind: 'unknown' };
  if (shape.kind === 'event_in_columns') return { kind: 'event_in_columns' };
  const own = classify(value);
  return own.kind === 'event' || own.kind === 'dead_letter' ? own : { kind: 'row' };
}

/** A dead letter is sent as it came, also without a time: its event may have been delivered in part. */
function readDeadLetter(value: JsonObject, text: string, options: ReadOptions, nowMs: number): Reading {
  const shape = 'dead letters';
  if (typeof value['body'] === 'string') return { kind: 'body', text: value['body'], shape };
  const event = memberText(text, 'event') ?? text;
  if (!isObject(value['event']) || classify(value['event']).kind !== 'event')
    return { kind: 'body', text: event, shape };
  const reading = checked({ event: value['event'], text: event, shape }, { ...options, allowNoTime: true }, nowMs);
  return reading.kind === 'left_out'
    ? reading
    : { kind: 'event', text: event, event: value['event'], shape, isRow: false };
}

/** The text stays byte for byte, unless something in it has to be parsed. */
function eventAsItCame(value: JsonObject, text: string): Draft {
  const shape = 'events';
  const isPlain = OBJECTS.every((key) => typeof value[key] !== 'string');
  if (isPlain || isDeeperThan(text, MOST_NESTING)) return { event: value, text, shape };
  const again = parseJsonToPassOn(text);
  const parsed = isObject(again) ? withParsedTexts(again) : undefined;
  return parsed === undefined ? { event: value, text, shape } : { event: parsed, shape };
}

/** An event before it is checked. */
interface Draft {
  readonly event: JsonObject;
  /** The event as it came; undefined if it has to be written. */
  readonly text?: string;
  readonly shape: string;
  readonly isRow?: boolean;
}

function fromJson(text: string, options: ReadOptions, nowMs: number, read: (object: JsonObject) => Draft): Reading {
  if (isDeeperThan(text, MOST_NESTING)) return bad('unknown_shape', 'is nested too deeply for a row');
  const object = parseJsonToPassOn(text);
  if (!isObject(object)) return UNKNOWN;
  const draft = read(object);
  return roundedId(draft.event) ?? withData(draft, options, nowMs);
}

function readRow(text: string, table: TableName, options: ReadOptions, rowOptions: RowOptions): Reading {
  if (isDeeperThan(text, MOST_NESTING)) return bad('unknown_shape', 'is nested too deeply for a row');
  const object = parseJsonToPassOn(text);
  if (!isObject(object)) return UNKNOWN;
  const row = toRow(object, options.nulls);
  if (row.has('rudder_event')) return readWholeEvent(row, options, rowOptions.nowMs);
  if (table === 'tracks')
    return bad('rudder_event', 'has no event in its column rudder_event, and nothing to read instead');
  const other = otherTable(row, table, options.table !== undefined);
  if (other !== undefined) return bad('other_table', `is a row of ${other}, in a file of ${nameOfTable(table)}`);
  const broken = JSON_COLUMNS.find((name) => isBrokenObject(row.get(name)));
  if (broken !== undefined) return noJson(broken);
  const shape = `rows of ${nameOfTable(table)}`;
  const event = eventOfRow(row, table, rowOptions);
  return roundedId(event) ?? checked({ event, shape, isRow: true }, options, rowOptions.nowMs);
}

function readWholeEvent(row: Row, options: ReadOptions, nowMs: number): Reading {
  const cell = row.get('rudder_event');
  const value = typeof cell === 'string' ? jsonInText(cell) : cell;
  if (!isObject(value) || classify(value).kind !== 'event')
    return bad('rudder_event', 'has no event in its column rudder_event');
  const text = typeof cell === 'string' ? cell : JSON.stringify(value);
  return withData({ ...eventAsItCame(value, text), shape: 'rows with rudder_event' }, options, nowMs);
}

/** Whether a row is plainly of another table than the first ones. If the caller has named the table, its columns say nothing. */
function otherTable(row: Row, table: TableName, isNamed: boolean): string | undefined {
  const hasEvent = row.has('event') || row.has('event_text');
  if (table === 'event') return hasEvent ? undefined : 'a table without events';
  if (row.has('event_text') && row.has('event')) return 'an event';
  const hasIds = row.has('user_id') || row.has('anonymous_id');
  if (isNamed || table === 'screens') return undefined;
  if (table === 'users') return hasIds ? 'another table' : undefined;
  const tables = tablesWith(new Set(row.keys()));
  return tables.length === 0 || tables.includes(table) ? undefined : tables.join(' or ');
}

function nameOfTable(table: TableName): string {
  return table === 'event' ? 'the table of an event' : table;
}

/** Refuses an event whose properties, consent or choices are in a text that cannot be read: it would be sent without them. */
function withData(draft: Draft, options: ReadOptions, nowMs: number): Reading {
  const broken = OBJECTS.find((name) => {
    const value = draft.event[name];
    return typeof value === 'string' && value.trim() !== '';
  });
  return broken === undefined ? checked(draft, options, nowMs) : noJson(broken);
}

/**
 * Refuses ids such as 1.23457E+11, which a spreadsheet has rounded, so that many users or events have the same, and 123.0, which
 * pandas writes for 123 in a column with absent values, so that one user becomes two.
 */
function roundedId(event: JsonObject): Reading | undefined {
  const name = ['userId', 'anonymousId', 'messageId'].find((id) => {
    const value = event[id];
    return typeof value === 'string' && /^(?:\d(?:[.,]\d+)?E\+\d+|\d+\.0)$/i.test(value);
  });
  return name === undefined ? undefined : bad('rounded_id', `has a number with an exponent or .0 as ${name}`);
}

function noJson(name: string): Reading {
  return bad('json_text', `has a text in ${name} that is not a JSON object`);
}

/** Columns of rows that may hold an object. */
const JSON_COLUMNS = [...OBJECTS, 'context_traits', 'context_consent_management'];

/** Whether a cell is plainly meant as an object. In a table, other texts are the values of a property with such a name. */
function isBrokenObject(cell: unknown): boolean {
  return typeof cell === 'string' && cell.trimStart().startsWith('{') && jsonInText(cell) === undefined;
}

/** The calls that can become an event in Heap, which happens at a time. */
const TIMED: ReadonlySet<string> = new Set(['track', 'page', 'screen']);

/** Leaves events out that are not to be sent, and sees to their time. */
function checked(draft: Draft, options: ReadOptions, nowMs: number): Reading {
  const { event, shape, isRow = false } = draft;
  const type = typeof event['type'] === 'string' ? typeName(event['type']) : '';
  const leaveOut = (why: LeftOut): Reading => ({
    kind: 'left_out',
    why,
    text: draft.text ?? JSON.stringify(event),
    shape,
  });
  if (options.skip.includes(type)) return leaveOut('skipped');
  const known = readTimestamp(event, nowMs);
  const times = [event['timestamp'], event['originalTimestamp'], event['receivedAt'], event['sentAt']];
  const late = known ?? readTime(firstTime(times, options.dateFormat, nowMs), nowMs);
  if (late === undefined && !options.allowNoTime && (TIMED.has(type) || options.beforeMs !== undefined)) {
    const given = ['timestamp', 'originalTimestamp'].some((name) => event[name] !== undefined);
    return bad('no_time', given ? 'has no time that can be read and can be true' : 'has no time that can be read');
  }
  const lateMs = parseInstant(late)?.epochMs;
  if (lateMs !== undefined && options.beforeMs !== undefined && lateMs >= options.beforeMs)
    return leaveOut('not_before');
  const isDated = known === undefined && late !== undefined && TIMED.has(type);
  const text = isDated ? undefined : draft.text;
  const sent = isDated ? { ...event, timestamp: late } : event;
  return { kind: 'event', text: text ?? JSON.stringify(sent), event: sent, shape, isRow };
}

/**
 * An envelope stays as it came, if all of its events are to be sent as they are. Otherwise those that are sent make a new batch.
 *
 * What cannot be unwrapped is left to the function to reject.
 */
function readEnvelope(text: string, options: ReadOptions, nowMs: number): Reading {
  const shape = 'envelopes';
  const parts = unwrap(text).map((one) => ({
    given: one,
    reading: one.kind === 'event' ? checked({ event: one.event, text: one.text(), shape }, options, nowMs) : undefined,
  }));
  const badOne = parts.find(({ reading }) => reading?.kind === 'bad')?.reading;
  if (badOne !== undefined) return badOne;
  const sent = parts.flatMap(({ reading }) => (reading?.kind === 'event' ? [reading] : []));
  const leftOut = parts.flatMap(({ reading }) => (reading?.kind === 'left_out' ? [reading] : []));
  const isChanged = parts.some(
    ({ given, reading }) => reading?.kind === 'event' && given.kind === 'event' && reading.event !== given.event,
  );
  const [first] = leftOut;
  if (!isChanged && first === undefined) return { kind: 'body', text, shape };
  if (sent.length + leftOut.length < parts.length) {
    return bad('unknown_shape', 'has an element that is no event, beside events that are left out or need a time');
  }
  if (first !== undefined && sent.length === 0) return first;
  return { kind: 'body', text: `{"batch":[${sent.map((one) => one.text).join(',')}]}`, shape };
}

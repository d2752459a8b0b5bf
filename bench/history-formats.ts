import { isObject, type JsonObject } from '../lib/json.ts';

/** A format of history. */
export interface Format {
  readonly name: string;
  /** Whether the text is to be compressed. */
  readonly isGzip?: boolean;
  /** Writes so many events, some of them again and again, in pieces of text. */
  readonly write: (events: readonly JsonObject[], count: number) => Iterable<string>;
}

/** The formats that `heapq enqueue` reads. */
export const FORMATS: readonly [Format, ...Format[]] = [
  {
    name: 'NDJSON',
    write: (events, count) =>
      repeated(
        events.map((event) => `${JSON.stringify(event)}\n`),
        count,
      ),
  },
  {
    name: 'gzip of NDJSON',
    isGzip: true,
    write: (events, count) =>
      repeated(
        events.map((event) => `${JSON.stringify(event)}\n`),
        count,
      ),
  },
  {
    name: 'a JSON array on one line',
    *write(events, count) {
      yield '[';
      for (const event of repeated(
        events.map((one) => `${JSON.stringify(one)},`),
        count - 1,
      ))
        yield event;
      yield `${JSON.stringify(events[0])}]`;
    },
  },
  {
    name: 'values without line breaks',
    write: (events, count) =>
      repeated(
        events.map((event) => JSON.stringify(event)),
        count,
      ),
  },
  {
    name: 'indented values',
    write: (events, count) =>
      repeated(
        events.map((event) => `${JSON.stringify(event, undefined, 2)}\n`),
        count,
      ),
  },
  {
    name: 'warehouse rows as CSV',
    *write(events, count) {
      const rows = rowsOf(events);
      const names = [...new Set(rows.flatMap((row) => Object.keys(row)))];
      yield toLine(names);
      yield* repeated(
        rows.map((row) => toLine(names.map((name) => row[name]))),
        count,
      );
    },
  },
  {
    name: 'warehouse rows as NDJSON',
    write: (events, count) =>
      repeated(
        rowsOf(events).map((row) => `${JSON.stringify(row)}\n`),
        count,
      ),
  },
];

function* repeated(pieces: readonly string[], count: number): Generator<string> {
  for (let index = 0; index < count; index += 1) yield pieces[index % pieces.length] ?? '';
}

/** Track events as rows of a table, with their properties and the texts and numbers of their context as columns. */
function rowsOf(events: readonly JsonObject[]): readonly JsonObject[] {
  return events
    .filter(({ type }) => type === 'track')
    .map(({ messageId, anonymousId, userId, event, originalTimestamp, sentAt, properties, context }) => ({
      id: messageId,
      anonymous_id: anonymousId,
      user_id: userId,
      event: 'an_event',
      event_text: event,
      received_at: sentAt,
      original_timestamp: originalTimestamp,
      timestamp: originalTimestamp,
      ...Object.fromEntries(columnsOf(properties, '')),
      ...Object.fromEntries(columnsOf(context, 'context_')),
    }));
}

function columnsOf(value: unknown, prefix: string): readonly (readonly [name: string, cell: unknown])[] {
  if (!isObject(value)) return [];
  return Object.entries(value).flatMap(([key, cell]) => {
    const name = `${prefix}${key.replaceAll(/(?<lower>[a-z])(?<upper>[A-Z])/g, '$<lower>_$<upper>').toLowerCase()}`;
    if (isObject(cell)) return columnsOf(cell, `${name}_`);
    return [[name, Array.isArray(cell) ? JSON.stringify(cell) : cell] as const];
  });
}

function toLine(cells: readonly unknown[]): string {
  return `${cells.map(toCell).join(',')}\n`;
}

function toCell(cell: unknown): string {
  if (cell === undefined || cell === null) return '';
  const text = typeof cell === 'string' ? cell : JSON.stringify(cell);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

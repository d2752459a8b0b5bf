import { isObject, type JsonObject } from '../../lib/json.ts';
import { strangeTextOf } from './binary-formats.ts';
import { classify, isFlatEvent, isRowWith } from './classify.ts';
import { columnNames, toRow } from './columns.ts';
import { columnsWithoutField } from './columns-to-event.ts';
import { nameOfDelimiter, delimiterOf } from './csv-head.ts';
import type { Item } from './item.ts';
import { otherProductOf, type OtherProduct } from './other-products.ts';
import { readCsv, shown } from './read-csv.ts';
import { readItem, type FileShape, type Reading } from './read-item.ts';
import type { ReadOptions } from './read-options.ts';
import { readText } from './read-text.ts';
import { describeRefusal, nameOf, refuseFile, type FileProblem, type ItemProblem } from './refusal.ts';
import { jsonLayoutOf, splitLines, splitValues } from './split-json.ts';
import { tableOf, TRACKS } from './tables.ts';

/** An item of a file, and what it is sent as. */
export interface Entry {
  readonly item: Item;
  readonly reading: Reading;
}

/** A file whose shape is known. */
export interface History {
  readonly shape: FileShape;
  readonly entries: AsyncGenerator<Entry>;
  /** Closes the file, also if none of the entries was read. */
  readonly close: () => Promise<void>;
}

/** The shape of a file is told by its first items: so many at most, or so many characters. */
const HEAD_ITEMS = 1000;
const HEAD_CHARACTERS = 1024 * 1024;

/**
 * Opens a file of events: looks at its head, and refuses it if its shape is not known or known to hold no events. The rest is
 * read as the entries are asked for, with bounded memory.
 *
 * @param file `-` for standard input
 * @param onBytes called with the number of bytes of each chunk; compressed bytes for a gzip file
 * @param nowMs in ms since 1970: later times are not believed
 * @throws RefusalError that says what the file is, and what to do
 */
export async function openHistory(
  file: string,
  options: ReadOptions,
  onBytes: (bytes: number) => void,
  nowMs: number,
): Promise<History> {
  const { columns, items } = await itemsOf(file, options, onBytes);
  const { head, whole, close } = await withHead(items, HEAD_ITEMS, ({ text }) => text.length);
  const found = columns === undefined ? shapeOfItems(head, options) : shapeOfColumns(columns, head, options);
  if (found.kind === 'refused') {
    await close();
    throw refuseFile(found.code, { file: nameOf(file) }, found.problem, found.remedy);
  }
  const { shape } = found;
  return { shape, entries: entriesOf(whole, shape, options, nowMs), close };
}

async function* entriesOf(
  items: AsyncGenerator<Item>,
  shape: FileShape,
  options: ReadOptions,
  nowMs: number,
): AsyncGenerator<Entry> {
  for await (const item of items) yield { item, reading: readItem(item, shape, options, nowMs) };
}

/** What to do about a bad item, in one line. */
export function describeBad(file: string, { item, reading }: Entry): string {
  if (reading.kind !== 'bad') return '';
  const place = { file: nameOf(file), line: item.line };
  return describeRefusal({ place, problem: reading.problem, remedy: remedyFor(reading.code) });
}

/** What to do about a bad item, as a sentence; may be empty. */
export function remedyFor(code: ItemProblem): string {
  return REMEDIES[code] ?? '';
}

const REMEDIES: Partial<Readonly<Record<ItemProblem, string>>> = {
  no_time:
    'In Heap it would happen on the day of the import: give it a time (--date-format for dates such as 1/31/2026), or say --allow-no-time, or --skip-bad FILE',
  not_json: 'Repair the line, or say --skip-bad FILE',
  cells: 'Put cells that hold separators or line breaks in quotes, or say --skip-bad FILE',
  rudder_event: 'Export the table of the event, which has its properties, or say --skip-bad FILE',
  unknown_shape: 'Repair the line, or say --skip-bad FILE',
  json_text: 'Write it as JSON, in Python for example with json.dumps, or say --skip-bad FILE',
  rounded_id:
    'Spreadsheets write long numbers so, and pandas whole ones: export the file without them, or give the column the type text',
  other_table: 'Export each table to a file of its own, or say --skip-bad FILE',
};

interface Opened {
  /** The names of the columns of a CSV file. */
  readonly columns: readonly string[] | undefined;
  readonly items: AsyncGenerator<Item>;
}

async function itemsOf(file: string, options: ReadOptions, onBytes: (bytes: number) => void): Promise<Opened> {
  const text = readText(file, options.encoding, onBytes);
  const { head, whole, close } = await withHead(text, Number.POSITIVE_INFINITY, ({ length }) => length);
  const start = head.join('');
  const place = { file: nameOf(file) };
  const strange = strangeTextOf(start);
  const layout = options.columns === undefined ? jsonLayoutOf(start) : undefined;
  if (options.format === 'ndjson') return { columns: undefined, items: splitLines(whole, file) };
  if (options.format === 'json') {
    return { columns: undefined, items: splitValues(whole, layout === 'array' ? 'array' : 'values', file) };
  }
  if (options.format !== 'csv') {
    if (start.trim() === '' || layout === 'lines') return { columns: undefined, items: splitLines(whole, file) };
    if (layout !== undefined) return { columns: undefined, items: splitValues(whole, layout, file) };
    if (strange !== undefined) {
      await close();
      throw refuseFile('unknown_shape', place, strange.problem, strange.remedy);
    }
    await refuseHeader(start, options, place, close);
  }
  return await readCsv(whole, file, options);
}

/** Refuses CSV with other separators than those that were named, or without a header line. */
async function refuseHeader(
  head: string,
  options: ReadOptions,
  place: { readonly file: string },
  close: () => Promise<void>,
): Promise<void> {
  if (options.columns !== undefined) return;
  const [firstLine = ''] = head.trim().split(/[\r\n]/, 1);
  const forExcel = /^sep=(?<character>.)$/.exec(firstLine)?.groups?.['character'];
  if (forExcel !== undefined) {
    await close();
    const remedy = `Remove the line, and say --delimiter ${nameOfDelimiter(forExcel)}`;
    throw refuseFile('no_header', place, `begins with a line for Excel, ${shown(firstLine)}`, remedy);
  }
  const delimiter = delimiterOf(firstLine);
  if (delimiter === (options.delimiter ?? ',')) return;
  // Its columns are judged when they are read: the name of the table says what they are.
  if (delimiter === undefined && options.table !== undefined) return;
  await close();
  if (delimiter !== undefined) {
    const name = nameOfDelimiter(delimiter);
    throw refuseFile('separator', place, `has columns that are separated by ${name}`, `Say --delimiter ${name}`);
  }
  const problem = `is neither JSON nor CSV with a header line that is known: it begins with ${shown(firstLine)}`;
  const remedy =
    'If it is CSV without a header line, name the columns with --columns id,user_id,…; if the columns are yours, name them as RudderStack does (event, user_id, received_at, …)';
  throw refuseFile('no_header', place, problem, remedy);
}

type Found =
  | { readonly kind: 'shape'; readonly shape: FileShape }
  | { readonly kind: 'refused'; readonly code: FileProblem; readonly problem: string; readonly remedy: string };

function shapeOfItems(head: readonly Item[], options: ReadOptions): Found {
  const values = head.flatMap(({ text }) => parsed(text));
  const shapes = values.map(classify);
  const product = shapes.find((shape) => shape.kind === 'other_product');
  if (product !== undefined) return ofProduct(product.product);
  const rows = values.filter((value, at): value is JsonObject => shapes[at]?.kind === 'row' && isObject(value));
  const isKnown = shapes.some(({ kind }) => kind !== 'unknown' && kind !== 'row');
  const keys = values.filter(isObject).flatMap((value) => Object.keys(value));
  const isNamed = options.table !== undefined && !isKnown && hasUser(keys);
  if (rows.length > 0 || isNamed) return ofRows(rows, undefined, options);
  if (isKnown || head.length === 0) return { kind: 'shape', shape: { kind: 'events' } };
  const names = [...new Set(keys)].slice(0, 8).map(shown).join(', ');
  const problem =
    values.length === 0
      ? 'has no JSON in its first lines'
      : `has no events and no rows that are known${names === '' ? '' : `: its values have ${names}`}`;
  const remedy = 'It has to hold events of RudderStack, with a type, or rows of its warehouse tables';
  return { kind: 'refused', code: 'unknown_shape', problem, remedy };
}

function shapeOfColumns(columns: readonly string[], head: readonly Item[], options: ReadOptions): Found {
  const product = otherProductOf(new Set(columns.map((name) => name.toLowerCase())));
  const isRow = isRowWith(columns);
  if (product !== undefined && !isRow) return ofProduct(product);
  if (options.table === undefined && isFlatEvent(columns)) return eventsInColumns(columns);
  if (isRow || (options.table !== undefined && hasUser(columns))) {
    return ofRows(head.flatMap(({ text }) => parsed(text)).filter(isObject), columns, options);
  }
  const names = columns.slice(0, 8).map(shown).join(', ');
  const problem = `has a header line of which nothing is known: ${names}`;
  const remedy = 'Name the columns as RudderStack does (event, user_id, received_at, …), or the table with --table';
  return { kind: 'refused', code: 'no_header', problem, remedy };
}

/** Refuses columns that would be lost, where it is plain that they are meant as properties. */
function eventsInColumns(columns: readonly string[]): Found {
  const lost = columnsWithoutField(columns);
  if (lost.length === 0) return { kind: 'shape', shape: { kind: 'event_in_columns' } };
  const names = lost.slice(0, 8).map(shown).join(', ');
  const problem = `has columns that are no fields of events, and no properties: ${names}`;
  const remedy = `Name them properties.${lost[0] ?? ''} (of identify calls traits.${lost[0] ?? ''}), or leave them out`;
  return { kind: 'refused', code: 'header', problem, remedy };
}

/** What a row needs at least: whom it is about. */
function hasUser(columns: readonly string[]): boolean {
  const names = columnNames(columns);
  return ['user_id', 'anonymous_id', 'id', 'rudder_event'].some((name) => names.has(name));
}

function ofProduct({ name, remedy }: OtherProduct): Found {
  return { kind: 'refused', code: 'other_product', problem: `is an export of ${name}`, remedy };
}

function ofRows(rows: readonly JsonObject[], columns: readonly string[] | undefined, options: ReadOptions): Found {
  const all = rows.map((row) => toRow(row, options.nulls));
  const hasWhole = all.length > 0 && all.every((row) => row.has('rudder_event'));
  if (options.table === 'tracks' && !hasWhole) return refused(TRACKS);
  if (options.table !== undefined) return { kind: 'shape', shape: { kind: 'table', table: options.table } };
  const names = columns === undefined ? new Set(all.flatMap((row) => [...row.keys()])) : columnNames(columns);
  const eventNames = new Set(all.map((row) => JSON.stringify(row.get('event') ?? row.get('event_text') ?? '')));
  // Rows of several tables, for example of files that were put together.
  const withEvent = all.filter((row) => row.has('event') || row.has('event_text')).length;
  if (withEvent > 0 && withEvent < all.length && !hasWhole) {
    const problem = 'has rows of several tables: some have an event, and some have none';
    return { kind: 'refused', code: 'unknown_table', problem, remedy: 'Export each table to a file of its own' };
  }
  const named = columnNames(columns ?? rows.flatMap((row) => Object.keys(row)));
  return refused(tableOf({ columns: names, named, eventNames }));
}

function refused(found: ReturnType<typeof tableOf>): Found {
  return found.kind === 'table'
    ? { kind: 'shape', shape: { kind: 'table', table: found.table } }
    : { kind: 'refused', code: found.code, problem: found.problem, remedy: found.remedy };
}

function parsed(text: string): unknown[] {
  try {
    return [JSON.parse(text)];
  } catch {
    return [];
  }
}

/** The beginning of a stream, and all of it. */
interface Begun<Element> {
  readonly head: readonly Element[];
  readonly whole: AsyncGenerator<Element>;
  /** Ends the stream. A generator of which nothing was read yet does not do that when it ends itself. */
  readonly close: () => Promise<void>;
}

/** Returns the first elements of a stream, and the whole stream. */
async function withHead<Element>(
  stream: AsyncGenerator<Element>,
  most: number,
  charactersOf: (element: Element) => number,
): Promise<Begun<Element>> {
  const head: Element[] = [];
  let characters = 0;
  while (head.length < most && characters < HEAD_CHARACTERS) {
    const next = await stream.next();
    if (next.done === true) break;
    head.push(next.value);
    characters += charactersOf(next.value);
  }
  const seen = [...head];
  const close = async (): Promise<void> => void (await stream.return(undefined));
  async function* whole(): AsyncGenerator<Element> {
    try {
      for (let element = head.shift(); element !== undefined; element = head.shift()) yield element;
      yield* stream;
    } finally {
      await close();
    }
  }
  return { head: seen, whole: whole(), close };
}

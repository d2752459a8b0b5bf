import type { JsonObject } from '../../lib/json.ts';
import { RESERVED_WORDS } from './reserved-words.ts';

/** The cells of a row that are not absent, by the names of their columns as RudderStack has meant them. */
export type Row = ReadonlyMap<string, unknown>;

/** What databases, spreadsheets and data frames write for an absent value. */
const ABSENT: ReadonlySet<string> = new Set([
  '',
  '\\N',
  '\\\\N',
  'NULL',
  'Null',
  'null',
  '(null)',
  '(NULL)',
  '<null>',
  '<NULL>',
  '[NULL]',
  '[null]',
  '<nil>',
  'undefined',
  'NaT',
  'NaN',
  'nan',
  '<NA>',
  '#N/A',
  '#NULL!',
  '#REF!',
  '#VALUE!',
]);

/** Columns that RudderStack adds to each table, apart from those of the context. */
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
  'rudder_event',
  // What BigQuery calls the partition of a row.
  '_partitiontime',
  '_partitiondate',
]);

/** What pandas calls columns without a name, such as its own numbers of rows. */
const UNNAMED = /^unnamed: \d+$/;
const CONTEXT = 'context_';
/** The columns of `context.traits`. */
export const CONTEXT_TRAITS = 'context_traits_';

/** Whether RudderStack adds a column itself: it is neither a property nor a trait. */
export function isOwnColumn(name: string): boolean {
  return OWN_COLUMNS.has(name) || name.startsWith(CONTEXT) || UNNAMED.test(name);
}

/** Whether a text stands for an absent value. */
export function isAbsent(value: unknown, nulls: readonly string[]): boolean {
  if (value === null || value === undefined) return true;
  return typeof value === 'string' && (ABSENT.has(value.trim()) || nulls.includes(value));
}

/**
 * Returns the row of a JSON object, without absent cells. Snowflake's names in upper case become lower case, and names with the
 * prefix for reserved words lose it. In JSON, only RudderStack's own columns are compared with the texts for absent values:
 * there a property can be absent by itself.
 *
 * @param nulls further texts for absent values
 */
export function toRow(value: JsonObject, nulls: readonly string[] = []): Row {
  const names = Object.keys(value);
  const lower = new Set(names.map((name) => name.toLowerCase()));
  const row = new Map<string, unknown>();
  for (const given of names) {
    const cell = value[given];
    const name = withoutPrefix(given.toLowerCase(), lower);
    const isMissing =
      cell === null ||
      cell === '' ||
      (typeof cell === 'string' && nulls.includes(cell)) ||
      (isOwnColumn(name) && isAbsent(cell, nulls));
    if (!isMissing && !row.has(name)) row.set(name, cell);
  }
  return row;
}

/** Returns the names of columns as RudderStack has meant them. */
export function columnNames(names: Iterable<string>): ReadonlySet<string> {
  const lower = new Set([...names].map((name) => name.toLowerCase()));
  return new Set([...lower].map((name) => withoutPrefix(name, lower)));
}

function withoutPrefix(name: string, all: ReadonlySet<string>): string {
  if (!name.startsWith('_')) return name;
  const bare = name.slice(1);
  return RESERVED_WORDS.has(bare) && !all.has(bare) ? bare : name;
}

/** The tables that RudderStack's warehouse destinations write. `event` stands for the table of a single track event. */
export const TABLES = ['event', 'identifies', 'users', 'tracks', 'pages', 'screens', 'groups', 'aliases'] as const;

/** A table of RudderStack's warehouse schema. */
export type TableName = (typeof TABLES)[number];

/** What the text cells of rows are: all of them texts, or also numbers and booleans where they look like one. */
export type CellTypes = 'text' | 'infer';

/** Which of two numbers in a date with slashes is the day. */
export type DateFormat = 'DD/MM/YYYY' | 'MM/DD/YYYY';

/** How a file is read, as far as its content does not say it. */
export interface ReadOptions {
  /** Undefined to detect it. */
  readonly format?: 'ndjson' | 'json' | 'csv' | undefined;
  /** The table that rows belong to; undefined to tell it by the columns. */
  readonly table?: TableName | undefined;
  /** What separates the cells of a CSV file; undefined for a comma. */
  readonly delimiter?: string | undefined;
  /** The names of the columns of a CSV file without a header line. */
  readonly columns?: readonly string[] | undefined;
  readonly encoding: 'utf8' | 'latin1';
  /** Texts that stand for an absent value in rows, besides the known ones. */
  readonly nulls: readonly string[];
  readonly types: CellTypes;
  readonly dateFormat?: DateFormat | undefined;
  /** Events of these types are left out. */
  readonly skip: readonly string[];
  /** Events at this time or later are left out, in ms since 1970. */
  readonly beforeMs?: number | undefined;
  /** Whether track events without a time that can be read are sent. */
  readonly allowNoTime: boolean;
}

/** What holds if the caller says nothing. */
export const DEFAULT_READ_OPTIONS: ReadOptions = {
  encoding: 'utf8',
  nulls: [],
  types: 'text',
  skip: [],
  allowNoTime: false,
};

/** Returns the options that decide what is sent, by their names and as texts. Those that are absent are left out. */
export function givenOptions(reading: ReadOptions): Readonly<Record<string, string>> {
  const { format, table, delimiter, columns, encoding, nulls, types, dateFormat, skip, beforeMs, allowNoTime } =
    reading;
  const texts: Readonly<Record<string, string | undefined>> = {
    format,
    table,
    delimiter,
    columns: columns?.join(','),
    encoding,
    null: nulls.length === 0 ? undefined : JSON.stringify(nulls),
    types,
    'date-format': dateFormat,
    skip: skip.length === 0 ? undefined : [...new Set(skip)].toSorted().join(', '),
    before: beforeMs === undefined ? undefined : new Date(beforeMs).toISOString(),
    'allow-no-time': allowNoTime ? 'given' : undefined,
  };
  return Object.fromEntries(
    Object.entries(texts).flatMap(([name, text]) => (text === undefined ? [] : [[name, text]])),
  );
}

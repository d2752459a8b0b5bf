import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { isArray, isObject } from '../../lib/json.ts';

/**
 * Fifty events, and the rows that rudder-transformer's own warehouse code has made of them for each warehouse, written here as
 * the warehouses' exports write them.
 */
const FIXTURES = join(__dirname, '..', 'fixtures', 'history');

/** The names that rudder-transformer has for the warehouses. */
export const WAREHOUSES = ['snowflake', 'bq', 'rs', 'postgres', 'clickhouse'] as const;
export type Warehouse = (typeof WAREHOUSES)[number];

interface Table {
  readonly provider: string;
  readonly table: string;
  readonly columns: readonly string[];
  readonly rows: readonly (readonly unknown[])[];
}

/** The events as RudderStack's storage destinations write them. */
export const STORAGE_DUMP = readFileSync(join(FIXTURES, 'events.ndjson'), 'utf8');

const TABLES: readonly Table[] = readFileSync(join(FIXTURES, 'warehouse-rows.ndjson'), 'utf8')
  .trim()
  .split('\n')
  .map((line) => asTable(JSON.parse(line)));

function asTable(value: unknown): Table {
  if (!isObject(value) || !isArray(value['columns']) || !isArray(value['rows'])) throw new Error('no table');
  const { provider, table, columns, rows } = value;
  return {
    provider: String(provider),
    table: String(table),
    columns: columns.map(String),
    rows: rows.filter(isArray),
  };
}

/** The names of a warehouse's tables, without the prefix for reserved words. */
export function tablesOf(warehouse: Warehouse): readonly string[] {
  return TABLES.filter(({ provider }) => provider === warehouse).map(({ table }) => table.replace(/^_/, ''));
}

/** A table as newline-delimited JSON, as the warehouse's own export writes it. */
export function exportedAsJson(warehouse: Warehouse, table: string): string {
  return linesOf(warehouse, table, (pairs) =>
    JSON.stringify(
      Object.fromEntries(
        pairs
          .filter(([, cell]) => cell !== null || !OMITS_NULLS.has(warehouse))
          .map(([name, cell]) => [name, jsonCell(warehouse, name, cell)]),
      ),
    ),
  ).join('\n');
}

/** A table as CSV with a header line, as Postgres writes it with `COPY … CSV HEADER`. */
export function exportedByCopy(table: string): string {
  return exportedAsCsv('postgres', table, '', (cell) => (typeof cell === 'boolean' ? (cell ? 't' : 'f') : cell));
}

/** A table as CSV with a header line, as pandas writes it with `to_csv`. */
export function exportedAsCsv(
  warehouse: Warehouse,
  table: string,
  absent: string,
  written: (cell: unknown) => unknown = (cell) => cell,
): string {
  const found = find(warehouse, table);
  const cells = (row: readonly unknown[]): string =>
    row
      .map((cell, at) => csvCell(cell === null ? absent : written(jsonCell('postgres', found.columns[at] ?? '', cell))))
      .join(',');
  return [found.columns.map(csvCell).join(','), ...found.rows.map(cells)].join('\n');
}

const OMITS_NULLS: ReadonlySet<Warehouse> = new Set(['snowflake', 'bq']);

function find(warehouse: Warehouse, table: string): Table {
  const found = TABLES.find((one) => one.provider === warehouse && one.table.replace(/^_/, '') === table);
  if (found === undefined) throw new Error(`no table ${table} of ${warehouse}`);
  return found;
}

function linesOf(
  warehouse: Warehouse,
  table: string,
  write: (pairs: readonly (readonly [string, unknown])[]) => string,
): readonly string[] {
  const { columns, rows } = find(warehouse, table);
  return rows.map((row) => write(columns.map((name, at) => [name, row[at]])));
}

const IS_TIME = /^(?:received_at|original_timestamp|timestamp)$/i;

/** Times, integers and booleans in the forms of each warehouse's export. */
function jsonCell(warehouse: Warehouse, name: string, cell: unknown): unknown {
  if (IS_TIME.test(name) && typeof cell === 'string') return timeOf(warehouse, cell);
  if (warehouse === 'bq' && typeof cell === 'number' && Number.isInteger(cell)) return String(cell);
  if (warehouse === 'clickhouse' && typeof cell === 'boolean') return Number(cell);
  return cell;
}

function timeOf(warehouse: Warehouse, iso: string): string {
  const [day = '', clock = ''] = iso.slice(0, -1).split('T');
  switch (warehouse) {
    case 'snowflake':
      return `${day} ${clock} +0000`;
    case 'bq':
      return `${day} ${clock} UTC`;
    case 'rs':
      return `${day} ${clock}`;
    case 'postgres':
      return `${day}T${clock}+00:00`;
    case 'clickhouse':
      return `${day}T${clock.slice(0, 8)}Z`;
  }
}

function csvCell(value: unknown): string {
  const text = String(value);
  return /[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

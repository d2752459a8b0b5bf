import { Readable } from 'node:stream';
import { CsvError, parse as parseCsv } from 'csv-parse';
import { isAbsent } from './columns.ts';
import { MOST_CHARACTERS, type Item } from './item.ts';
import type { ReadOptions } from './read-options.ts';
import { nameOf, refuseFile } from './refusal.ts';

/**
 * Reads a CSV file: its columns, and each row as a JSON object with their names, without absent cells and cells of columns
 * without a name. A row with another number of cells has a `problem`. Blank rows and repeated headers are left out.
 *
 * @returns the names of the columns in the first line or of the option, and the rows
 * @throws RefusalError if a name occurs twice, or the quotes are wrong
 */
export async function readCsv(
  chunks: AsyncIterable<string>,
  file: string,
  { delimiter = ',', columns, nulls }: Pick<ReadOptions, 'delimiter' | 'columns' | 'nulls'>,
): Promise<{ readonly columns: readonly string[]; readonly items: AsyncGenerator<Item> }> {
  const rows = parsedRows(chunks, file, delimiter);
  const header = columns === undefined ? (await rows.next()).value : undefined;
  const names = columns ?? (header === undefined ? [] : header.cells.map((cell) => cell.trim()));
  const twice = firstTwice(names);
  if (twice !== undefined) {
    const remedy = 'Export each column once, or rename one of them';
    throw refuseFile(
      'header',
      { file: nameOf(file), line: 1 },
      `has two columns with the name ${shown(twice)}`,
      remedy,
    );
  }
  return { columns: names, items: itemsOf(rows, names, nulls) };
}

function firstTwice(names: readonly string[]): string | undefined {
  const seen = new Set<string>();
  return names.find((name) => {
    if (name === '') return false;
    const lower = name.toLowerCase();
    if (seen.has(lower)) return true;
    seen.add(lower);
    return false;
  });
}

async function* itemsOf(
  rows: AsyncGenerator<PlacedCells, undefined>,
  names: readonly string[],
  nulls: readonly string[],
): AsyncGenerator<Item> {
  for await (const { cells, line } of rows) {
    // Spreadsheets write rows of separators alone; files that were put together repeat the header.
    if (cells.every((cell) => cell.trim() === '') || cells.every((cell, at) => cell.trim() === names[at])) continue;
    const pairs = cells.map((cell, at) => [names[at] ?? `column_${at + 1}`, cell] as const);
    const given = pairs.filter(([name, cell]) => name !== '' && !isAbsent(cell, nulls));
    const text = JSON.stringify(Object.fromEntries(given));
    const problem = `has ${cells.length} cells, and the header has ${names.length}`;
    yield cells.length === names.length ? { text, line } : { text, line, problem };
  }
}

interface PlacedCells {
  readonly cells: readonly string[];
  /** The line in which the row starts. */
  readonly line: number;
}

async function* parsedRows(
  chunks: AsyncIterable<string>,
  file: string,
  delimiter: string,
): AsyncGenerator<PlacedCells, undefined> {
  /** The line in which the last row that was parsed ends. */
  let parsedLines = 0;
  let countedLines = 0;
  /** The parser counts a line break of Windows in a quoted cell twice. */
  let countedTwice = 0;
  const startOf = new WeakMap<readonly string[], number>();
  const options = {
    delimiter,
    skip_empty_lines: true,
    relax_column_count: true,
    max_record_size: MOST_CHARACTERS,
    // Rows that are parsed and not yet read are lost in an error, so that they cannot say where it is.
    on_record(cells: string[], { lines }: { readonly lines: number }): string[] {
      // Most rows are a line.
      const breaks = lines - countedLines === 1 ? [] : cells.flatMap((cell) => cell.match(/\r?\n|\r/g) ?? []);
      countedLines = lines;
      countedTwice += breaks.filter((one) => one === '\r\n').length;
      parsedLines = lines - countedTwice;
      startOf.set(cells, parsedLines - breaks.length);
      return cells;
    },
  };
  const source = Readable.from(chunks, { objectMode: false });
  const parser = source.pipe(parseCsv(options));
  source.once('error', (error) => parser.destroy(error));
  try {
    for await (const row of parser) {
      const cells: readonly string[] = row;
      yield { cells, line: startOf.get(cells) ?? parsedLines };
    }
  } catch (error) {
    if (!(error instanceof CsvError)) throw error;
    throw refuseFile(
      'csv',
      { file: nameOf(file), line: parsedLines + 1 },
      problemOf(error),
      'A quote within a quoted cell is written twice',
    );
  } finally {
    source.destroy();
  }
  return undefined;
}

function problemOf(error: CsvError): string {
  return error.code === 'CSV_QUOTE_NOT_CLOSED' || error.code === 'CSV_MAX_RECORD_SIZE'
    ? 'opens a quote that is not closed'
    : `is not valid CSV: ${error.message}`;
}

/** A name from a file in a message: short, and in quotes. */
export function shown(name: string): string {
  return JSON.stringify(name.slice(0, 60));
}

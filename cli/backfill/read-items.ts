import { createReadStream } from 'node:fs';
import { Readable, Transform } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { parse as parseCsv } from 'csv-parse';
import { scanJson, startScan, TOKEN } from '../../lib/json-scanner.ts';
import { CallerError } from '../caller-error.ts';
import { isOwnColumn } from './to-body.ts';

/** One line, array element or row of a file. */
export interface Item {
  readonly text: string;
  /** The line in which it starts, counted from 1. */
  readonly line: number;
}

/** What the cells of a CSV file are: all of them texts, or also numbers and booleans where they look like one. */
export type CellTypes = 'text' | 'infer';

/** What databases write for an absent value. */
const ABSENT_CELLS: ReadonlySet<string> = new Set(['', '\\N', 'NULL', 'null']);
/** A number as JSON writes it. `007` and `+49` are no numbers but codes. */
const NUMBER_CELL = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/;

/**
 * Reads the items of a file as a stream: the lines of NDJSON, the elements of a JSON array, or the rows of a CSV file with a
 * header line (detected by the file name). Gzip is detected by its first bytes.
 *
 * @param file `-` for standard input
 * @param types what the cells of a CSV file are
 * @param onBytes called with the number of bytes of each chunk; compressed bytes for a gzip file
 * @throws CallerError if gzip or a JSON array is damaged or truncated
 */
export async function* readItems(
  file: string,
  onBytes: (bytes: number) => void,
  types: CellTypes = 'text',
): AsyncGenerator<Item> {
  const input = file === '-' ? process.stdin : createReadStream(file);
  const { first, rest } = await peek(input);
  const counted = rest.pipe(
    new Transform({
      transform(chunk: Buffer, _, done) {
        onBytes(chunk.length);
        done(null, chunk);
      },
    }),
  );
  rest.once('error', (error) => counted.destroy(error));
  const isGzip = first[0] === 0x1f && first[1] === 0x8b;
  const decompressed = isGzip ? gunzip(counted, file) : counted;
  if (/\.csv(?:\.gz)?$/i.test(file)) {
    yield* rowsOf(decompressed, types);
    return;
  }
  const { first: start, rest: whole } = await peek(decompressed);
  yield* /^\uFEFF?\s*\[/.test(start.toString('utf8')) ? elementsOf(whole) : linesOf(whole);
}

function gunzip(compressed: Readable, file: string): Readable {
  const decompressed = createGunzip();
  compressed.once('error', (error) => decompressed.destroy(error));
  const failed = new CallerError(`the gzip file ${file} is damaged or truncated`);
  const watched = new Transform({ transform: (chunk, _, done) => done(null, chunk) });
  decompressed.once('error', () => watched.destroy(failed));
  compressed.pipe(decompressed).pipe(watched);
  return watched;
}

/** Returns the first chunk of a stream, and a stream of all chunks. */
async function peek(stream: Readable): Promise<{ readonly first: Buffer; readonly rest: Readable }> {
  const chunks = stream[Symbol.asyncIterator]();
  const head = await chunks.next();
  if (head.done === true) return { first: Buffer.alloc(0), rest: Readable.from([]) };
  const first: Buffer = head.value;
  async function* whole(): AsyncGenerator<Buffer> {
    yield first;
    for (let next = await chunks.next(); next.done !== true; next = await chunks.next()) yield next.value;
  }
  return { first, rest: Readable.from(whole(), { objectMode: false }) };
}

/** A line ends at a line feed alone: JSON text may hold every other character that Unicode calls a line separator. */
async function* linesOf(stream: Readable): AsyncGenerator<Item> {
  let line = 0;
  let rest = '';
  stream.setEncoding('utf8');
  for await (const given of stream) {
    rest += String(given);
    // Not for every chunk of a very long line.
    if (!String(given).includes('\n')) continue;
    const lines = rest.split('\n');
    rest = lines.pop() ?? '';
    for (const text of lines) {
      line += 1;
      if (text.trim() !== '') yield { text: ofLine(text), line };
    }
  }
  if (rest.trim() !== '') yield { text: ofLine(rest), line: line + 1 };
}

/** Without a byte order mark and the carriage return of Windows. */
function ofLine(text: string): string {
  return text.replace(/^\uFEFF/, '').replace(/\r$/, '');
}

/** Returns the elements of one or more arrays as text, unparsed. */
async function* elementsOf(stream: Readable): AsyncGenerator<Item> {
  const state = startScan();
  /** The current element so far, including white space, and the line where it starts. */
  let text = '';
  let line = 1;
  stream.setEncoding('utf8');
  for await (const given of stream) {
    const chunk = String(given);
    const found: Item[] = [];
    let from = 0;
    scanJson(
      chunk,
      (code, at, depth) => {
        const isOuterBracket = depth === 0 && (code === TOKEN.openArray || code === TOKEN.closeArray);
        if (!isOuterBracket && !(depth === 1 && code === TOKEN.comma)) return 'go_on';
        const element = text + chunk.slice(from, at);
        const trimmed = element.trim();
        const blanks = element.slice(0, element.indexOf(trimmed));
        if (trimmed !== '' && code !== TOKEN.openArray) found.push({ text: trimmed, line: line + linesIn(blanks) });
        line += linesIn(element);
        text = '';
        from = at + 1;
        return 'go_on';
      },
      state,
    );
    text += chunk.slice(from);
    yield* found;
  }
  if (state.depth > 0 || text.trim() !== '') {
    throw new CallerError(`the JSON array is truncated, in line ${line + linesIn(text)}`);
  }
}

function linesIn(text: string): number {
  let lines = 0;
  for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n', at + 1)) lines += 1;
  return lines;
}

/**
 * Returns each row as a JSON object with the names of the header line, without absent cells. A row of another length throws an
 * error.
 */
async function* rowsOf(stream: Readable, types: CellTypes): AsyncGenerator<Item> {
  const parser = stream.pipe(parseCsv({ columns: true, bom: true, info: true, skip_empty_lines: true }));
  stream.once('error', (error) => parser.destroy(error));
  for await (const row of parser) {
    const { record, info }: { readonly record: Record<string, string>; readonly info: { readonly lines: number } } =
      row;
    const cells = Object.entries(record)
      .filter(([, cell]) => !ABSENT_CELLS.has(cell))
      .map(([name, cell]) => [name, types === 'infer' && !isOwnColumn(name) ? inferred(cell) : cell]);
    yield { text: JSON.stringify(Object.fromEntries(cells)), line: info.lines };
  }
}

/** Returns the number or boolean that a cell is, else its text. A number that would change stays text. */
function inferred(cell: string): string | number | boolean {
  if (/^(?:true|false)$/i.test(cell)) return cell.toLowerCase() === 'true';
  if (!NUMBER_CELL.test(cell)) return cell;
  const number = Number(cell);
  const isExact = /[.eE]/.test(cell) ? Number.isFinite(number) : String(number) === cell;
  return isExact ? number : cell;
}

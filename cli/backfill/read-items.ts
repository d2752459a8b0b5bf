import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { Readable, Transform } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { parse as parseCsv } from 'csv-parse';
import { ConfigurationError } from '../../lib/config.ts';

/** One value of a file, as text. */
export interface Item {
  readonly text: string;
  /** Where it begins, counted from 1. */
  readonly line: number;
}

/**
 * The values of a file, one after the other and without holding more than one: a line each (NDJSON), the elements of a JSON array, or
 * the rows of a CSV file with a head line (by its name). Gzip is known by its first bytes.
 *
 * @param file `-` for standard input
 * @param onBytes told of bytes as they are read, packed ones for a packed file
 */
export async function* readItems(file: string, onBytes: (bytes: number) => void): AsyncGenerator<Item> {
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
  const isPacked = first[0] === 0x1f && first[1] === 0x8b;
  const unpacked = isPacked ? gunzip(counted, file) : counted;
  if (/\.csv(?:\.gz)?$/i.test(file)) {
    yield* rowsOf(unpacked);
    return;
  }
  const { first: start, rest: whole } = await peek(unpacked);
  yield* /^\uFEFF?\s*\[/.test(start.toString('utf8')) ? elementsOf(whole) : linesOf(whole);
}

function gunzip(packed: Readable, file: string): Readable {
  const unpacked = createGunzip();
  packed.once('error', (error) => unpacked.destroy(error));
  const failed = new ConfigurationError(`${file} is gzip that is damaged or cut off`);
  const watched = new Transform({ transform: (chunk, _, done) => done(null, chunk) });
  unpacked.once('error', () => watched.destroy(failed));
  packed.pipe(unpacked).pipe(watched);
  return watched;
}

/** The first chunk of a stream, and the whole stream. */
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

async function* linesOf(stream: Readable): AsyncGenerator<Item> {
  let line = 0;
  for await (const text of createInterface({ input: stream, crlfDelay: Number.POSITIVE_INFINITY })) {
    line += 1;
    if (text.trim() !== '') yield { text: text.replace(/^\uFEFF/, ''), line };
  }
}

/** The elements of one or several arrays. Brackets are counted, nothing is parsed: what an element is, its reader says. */
async function* elementsOf(stream: Readable): AsyncGenerator<Item> {
  let text = '';
  let line = 1;
  let beginsAt = 1;
  let depth = 0;
  /** Nothing but blanks since the last comma or bracket between elements. */
  let isBlank = true;
  let isInString = false;
  let isEscaped = false;
  stream.setEncoding('utf8');
  for await (const given of stream) {
    const chunk = String(given);
    /** Where the part of the current element that lies in this chunk begins. */
    let from = 0;
    for (let at = 0; at < chunk.length; at += 1) {
      const code = chunk.charCodeAt(at);
      if (code === 0x0a) line += 1;
      if (isInString) {
        if (isEscaped) isEscaped = false;
        else if (code === 0x5c) isEscaped = true;
        else if (code === 0x22) isInString = false;
        continue;
      }
      if (code === 0x22) isInString = true;
      const opens = code === 0x5b || code === 0x7b;
      const closes = code === 0x5d || code === 0x7d;
      if (opens) depth += 1;
      if (closes) depth -= 1;
      const isBetween = (opens && depth === 1) || (closes && depth === 0) || (code === 0x2c && depth === 1);
      if (isBetween) {
        const element = (text + chunk.slice(from, at)).trim();
        if (depth <= 1 && !opens && element !== '') yield { text: element, line: beginsAt };
        text = '';
        from = at + 1;
        isBlank = true;
      } else if (isBlank && code > 0x20) {
        isBlank = false;
        beginsAt = line;
      }
    }
    text += chunk.slice(from);
  }
  if (depth > 0 || text.trim() !== '') throw new ConfigurationError(`the array ends before its end, in line ${line}`);
}

/** Each row as JSON, by the names of the head line; a row of another length is an error that names its line. */
async function* rowsOf(stream: Readable): AsyncGenerator<Item> {
  const parser = stream.pipe(parseCsv({ columns: true, bom: true, info: true, skip_empty_lines: true }));
  stream.once('error', (error) => parser.destroy(error));
  for await (const row of parser) {
    const { record, info }: { readonly record: object; readonly info: { readonly lines: number } } = row;
    yield { text: JSON.stringify(record), line: info.lines };
  }
}

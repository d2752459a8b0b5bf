import { createReadStream } from 'node:fs';
import { Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { BYTES_OF_MARKS, binaryFormatOf, isUtf16 } from './binary-formats.ts';
import { quote } from '../hint.ts';
import { nameOf, refuseFile } from './refusal.ts';

/**
 * Reads a file as text: unpacks gzip, refuses what is no text, and decodes UTF-8, Latin-1 or UTF-16 with a byte order mark.
 * The mark is left out. Only a few chunks are in memory.
 *
 * @param file `-` for standard input
 * @param onBytes called with the number of bytes of each chunk; compressed bytes for a gzip file
 * @throws RefusalError if it is no text, is damaged, or has bytes that are not of its encoding
 */
export async function* readText(
  file: string,
  encoding: 'utf8' | 'latin1',
  onBytes: (bytes: number) => void,
): AsyncGenerator<string> {
  const input = file === '-' ? process.stdin : createReadStream(file);
  try {
    const packed = await withHead(counted(input, onBytes), BYTES_OF_MARKS);
    const isGzip = packed.head[0] === 0x1f && packed.head[1] === 0x8b;
    const { head, whole } = isGzip ? await withHead(unpacked(packed.whole, file), BYTES_OF_MARKS) : packed;
    const binary = binaryFormatOf(head);
    if (binary !== undefined) {
      const remedy = binary.remedy.replaceAll(/'FILE'|FILE/g, (found) =>
        found === 'FILE' ? quote(file) : `'${file}'`,
      );
      throw refuseFile('binary_format', { file: nameOf(file) }, binary.problem, remedy);
    }
    yield* decoded(whole, isUtf16(head) ?? (encoding === 'latin1' ? 'latin1' : 'utf-8'), file);
  } finally {
    input.destroy();
  }
}

async function* counted(input: AsyncIterable<Buffer>, onBytes: (bytes: number) => void): AsyncGenerator<Buffer> {
  for await (const chunk of input) {
    onBytes(chunk.length);
    yield chunk;
  }
}

/** Returns the first bytes of a stream, at least `bytes` unless it ends before, and the whole stream. */
async function withHead(
  chunks: AsyncGenerator<Buffer>,
  bytes: number,
): Promise<{ readonly head: Buffer; readonly whole: AsyncGenerator<Buffer> }> {
  let head: Buffer = Buffer.alloc(0);
  while (head.length < bytes) {
    const next = await chunks.next();
    if (next.done === true) break;
    head = Buffer.concat([head, next.value]);
  }
  async function* whole(): AsyncGenerator<Buffer> {
    try {
      yield head;
      yield* chunks;
    } finally {
      await chunks.return(undefined);
    }
  }
  return { head, whole: whole() };
}

async function* unpacked(chunks: AsyncGenerator<Buffer>, file: string): AsyncGenerator<Buffer> {
  const gunzip = createGunzip();
  const failed = refuseFile(
    'damaged_gzip',
    { file: `the gzip file ${nameOf(file)}` },
    'is damaged or truncated',
    'Download or export it again',
  );
  const source = Readable.from(chunks);
  source.once('error', (error) => gunzip.destroy(error));
  let hasEnded = false;
  source.once('end', () => (hasEnded = true));
  try {
    for await (const chunk of source.pipe(gunzip)) yield chunk;
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : '';
    throw hasEnded || code.startsWith('Z_') ? failed : error;
  } finally {
    source.destroy();
  }
}

async function* decoded(
  chunks: AsyncGenerator<Buffer>,
  encoding: 'utf-8' | 'latin1' | 'utf-16le' | 'utf-16be',
  file: string,
): AsyncGenerator<string> {
  const decoder = new TextDecoder(encoding, { fatal: true });
  let lines = 1;
  for await (const chunk of chunks) {
    const text = decode(() => decoder.decode(chunk, { stream: true }), chunk, encoding, file, lines);
    lines += countLines(text);
    if (text !== '') yield text;
  }
  const rest = decode(() => decoder.decode(), Buffer.alloc(0), encoding, file, lines);
  if (rest !== '') yield rest;
}

function decode(work: () => string, chunk: Buffer, encoding: string, file: string, lines: number): string {
  try {
    return work();
  } catch {
    const remedy = 'Convert it, for example with iconv -f WINDOWS-1252 -t UTF-8, or say --encoding latin1';
    const line = lines + linesBeforeDamage(chunk);
    throw refuseFile(
      'encoding',
      { file: nameOf(file), line },
      `has bytes that are not ${encoding.toUpperCase()}`,
      remedy,
    );
  }
}

/** Counts the lines before the first damaged byte. A character may have begun in the chunk before. */
function linesBeforeDamage(chunk: Buffer): number {
  let from = 0;
  while (from < 3 && ((chunk[from] ?? 0) & 0xc0) === 0x80) from += 1;
  const text = chunk.toString('utf8', from);
  const at = text.indexOf('\uFFFD');
  return countLines(at === -1 ? text : text.slice(0, at));
}

/** Counts the line feeds in a text. */
export function countLines(text: string): number {
  let lines = 0;
  for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n', at + 1)) lines += 1;
  return lines;
}

/** A format that is no text. */
interface BinaryFormat {
  /** A phrase that follows the name of the file. */
  readonly problem: string;
  readonly remedy: string;
}

const AS_JSON = 'Export it as newline-delimited JSON or as CSV';

/** Formats by the bytes at an offset. */
const FORMATS: readonly (readonly [bytes: string, offset: number, problem: string, remedy: string])[] = [
  ['PAR1', 0, 'is a Parquet file', `${AS_JSON}, for example with: duckdb -c "COPY (FROM 'FILE') TO 'history.ndjson'"`],
  [
    'PK\u0003\u0004',
    0,
    'is a zip archive or a spreadsheet',
    'Unpack it, and load the files in it: unzip -p FILE | npm run -s heapq -- enqueue -. Save a spreadsheet as CSV',
  ],
  ['ustar', 257, 'is a tar archive', 'Unpack it, and load the files in it: tar -xf FILE'],
  [
    '\u0028\u00b5\u002f\u00fd',
    0,
    'is compressed with Zstandard',
    'Unpack it on the way: zstd -dc FILE | npm run -s heapq -- enqueue -',
  ],
  ['BZh', 0, 'is compressed with bzip2', 'Unpack it on the way: bzip2 -dc FILE | npm run -s heapq -- enqueue -'],
  ['\u00fd7zXZ\u0000', 0, 'is compressed with xz', 'Unpack it on the way: xz -dc FILE | npm run -s heapq -- enqueue -'],
  ['7z\u00bc\u00af\u0027\u001c', 0, 'is a 7-Zip archive', 'Unpack it, and load the files in it'],
  [
    '\u0004\u0022\u004d\u0018',
    0,
    'is compressed with LZ4',
    'Unpack it on the way: lz4 -dc FILE | npm run -s heapq -- enqueue -',
  ],
  ['\u00ff\u0006\u0000\u0000sNaPpY', 0, 'is compressed with Snappy', `Unpack it. ${AS_JSON}`],
  ['Obj\u0001', 0, 'is an Avro file', AS_JSON],
  ['ORC', 0, 'is an ORC file', AS_JSON],
  ['SQLite format 3\u0000', 0, 'is an SQLite database', AS_JSON],
  ['PGCOPY\n\u00ff', 0, 'is a binary dump of Postgres', `${AS_JSON}: COPY … TO STDOUT (FORMAT csv, HEADER)`],
  ['PGDMP', 0, 'is an archive of pg_dump', `${AS_JSON}: COPY … TO STDOUT (FORMAT csv, HEADER)`],
  ['\u00d0\u00cf\u0011\u00e0', 0, 'is an old spreadsheet', 'Save it as CSV in UTF-8'],
  [
    '\u001f\u008b',
    0,
    'is compressed with gzip twice',
    'Unpack it on the way: gzip -dc FILE | npm run -s heapq -- enqueue -',
  ],
];

/** How many bytes of a file `binaryFormatOf` needs to see. */
export const BYTES_OF_MARKS = 512;

/**
 * Recognizes a format that this project does not read, by its first bytes.
 *
 * @param head the first bytes, unpacked if the file is compressed with gzip
 * @returns undefined if it may be text
 */
export function binaryFormatOf(head: Buffer): BinaryFormat | undefined {
  const found = FORMATS.find(([bytes, offset]) =>
    head.subarray(offset, offset + bytes.length).equals(Buffer.from(bytes, 'latin1')),
  );
  if (found !== undefined) return { problem: found[2], remedy: found[3] };
  // UTF-16 has a zero byte in each Latin letter, and begins with a mark.
  const isMarked = isUtf16(head);
  if (!isMarked && head.includes(0)) return { problem: 'is no text', remedy: AS_JSON };
  return undefined;
}

/** Whether a text is UTF-16, by its byte order mark. */
export function isUtf16(head: Buffer): 'utf-16le' | 'utf-16be' | undefined {
  if (head[0] === 0xff && head[1] === 0xfe) return 'utf-16le';
  return head[0] === 0xfe && head[1] === 0xff ? 'utf-16be' : undefined;
}

/** Formats of text that hold no events, by how the text begins. */
const TEXTS: readonly (readonly [RegExp, string, string])[] = [
  [
    /^\s*<(?:\?xml|!doctype|html|error)/i,
    'is XML or HTML, perhaps the error message of a download',
    'Download it again',
  ],
  [/^(?:--|\/\*)|^\s*(?:INSERT INTO|CREATE TABLE|SET )/i, 'is a script of SQL', AS_JSON],
];

/** Recognizes a text that is neither JSON nor CSV. */
export function strangeTextOf(head: string): BinaryFormat | undefined {
  const found = TEXTS.find(([pattern]) => pattern.test(head.slice(0, 1000)));
  return found === undefined ? undefined : { problem: found[1], remedy: found[2] };
}

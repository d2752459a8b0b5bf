import { gzipSync, zstdCompressSync } from 'node:zlib';
import { writeFileSync } from 'node:fs';
import { openHistory } from '../../../cli/history/open-history.ts';
import { DEFAULT_READ_OPTIONS } from '../../../cli/history/read-options.ts';
import { fileOf, NOW_MS, read } from '../../support/history.ts';

const TIME = '2026-01-31T10:00:00.000Z';
const EVENT = { type: 'track', event: 'A', userId: 'u', messageId: 'm', timestamp: TIME };
const text = JSON.stringify(EVENT);
const bytes = (hex: string): Buffer => Buffer.from(hex.replaceAll(' ', ''), 'hex');

test.each([
  ['Parquet', 'PAR1....', /is a Parquet file\. .*duckdb/],
  ['zip', 'PK\u0003\u0004....', /is a zip archive or a spreadsheet\. .*unzip -p/],
  ['xlsx', bytes('504b0304 14000600 08000000 2100'), /is a zip archive or a spreadsheet\. .*Save a spreadsheet as CSV/],
  ['xls', bytes('d0cf11e0 a1b11ae1'), /is an old spreadsheet\. Save it as CSV in UTF-8/],
  ['tar', `${'a'.repeat(257)}ustar\0${'b'.repeat(300)}`, /is a tar archive/],
  ['Zstandard', zstdCompressSync(text), /is compressed with Zstandard\. .*zstd -dc/],
  ['bzip2', 'BZh91AY&SY....', /is compressed with bzip2\. .*bzip2 -dc/],
  ['xz', bytes('fd377a58 5a000004'), /is compressed with xz\. .*xz -dc/],
  ['7-Zip', bytes('377abcaf 271c0004'), /is a 7-Zip archive/],
  ['LZ4', bytes('04224d18 6440a7'), /is compressed with LZ4\. .*lz4 -dc/],
  ['Snappy', bytes('ff060000 734e6150 7059'), /is compressed with Snappy/],
  ['Avro', bytes('4f626a01 04166176 726f'), /is an Avro file\. Export it as newline-delimited JSON or as CSV/],
  ['ORC', 'ORC....', /is an ORC file\. Export it/],
  ['SQLite', `SQLite format 3\0....`, /is an SQLite database\. Export it/],
  ['COPY in binary', bytes('5047434f 50590aff 0d0a00'), /is a binary dump of Postgres\. .*FORMAT csv, HEADER/],
  ['pg_dump -Fc', 'PGDMP\u0001....', /is an archive of pg_dump\. .*FORMAT csv, HEADER/],
  ['gzip twice', gzipSync(gzipSync(text)), /is compressed with gzip twice\. .*gzip -dc/],
  ['a tar archive in gzip', gzipSync(`${'a'.repeat(257)}ustar\0`), /is a tar archive/],
  ['other bytes', Buffer.from([1, 0, 2, 0]), /is no text/],
  ['a script of SQL', '-- PostgreSQL database dump\nSET statement_timeout = 0;', /is a script of SQL\. Export it/],
  ['INSERTs', "INSERT INTO tracks VALUES ('m', 'u');", /is a script of SQL/],
  ['XML', '<?xml version="1.0"?><Error><Code>AccessDenied</Code></Error>', /is XML or HTML, perhaps the error message/],
  ['HTML', '<!doctype html><p>', /is XML or HTML/],
  [
    'Mixpanel',
    '{"event":"A","properties":{"distinct_id":"x","time":1}}',
    /is an export of Mixpanel\. Write a RudderStack event/,
  ],
  ['Amplitude', '{"event_type":"A","event_time":"x","amplitude_id":1}', /is an export of Amplitude/],
  ['PostHog', 'uuid,event,properties,distinct_id\n1,a,{},u', /is an export of PostHog/],
  ['Mixpanel’s people', '{"$distinct_id":"x","$properties":{}}', /is an export of Mixpanel/],
  ['Mixpanel as CSV', 'event,time,distinct_id,$browser\nA,1,u,x', /is an export of Mixpanel/],
  ['PostHog without ids', '{"event":"A","distinct_id":"u","properties":{},"timestamp":"x"}', /is an export of PostHog/],
  ['Heap’s people', 'user_id,identity,joindate,email\n1,u,2,a', /is an export of Heap\. These people are in Heap/],
  [
    'properties that are named as fields',
    `type,event,userId,timestamp,price\ntrack,A,u,${TIME},5`,
    /columns that are no fields of events, and no properties: "price"\. Name them properties\.price /,
  ],
  ['Heap', 'event_id,user_id,session_id,time\n1,2,3,4', /is an export of Heap\. These events are in Heap already/],
  ['JSON of something else', '{"error":"denied"}', /has no events and no rows that are known: its values have "error"/],
  ['a header line of something else', 'customer,action\nu,a', /neither JSON nor CSV with a header line that is known/],
  ['no header line', `m,u,a,${TIME}`, /--columns/],
  ['semicolons', `id;user_id;event;received_at\nm;u;a;${TIME}`, /separated by ';'\. Say --delimiter ';'$/],
  [
    'a line for Excel',
    `sep=;\nid;user_id`,
    /begins with a line for Excel, "sep=;"\. Remove the line, and say --delimiter ';'$/,
  ],
  ['tabs', `id\tuser_id\tevent\treceived_at\nm\tu\ta\t${TIME}`, /separated by tab\. Say --delimiter tab$/],
  ['a column twice', `id,user_id,event,received_at,ID\nm,u,a,${TIME},n`, /line 1 has two columns with the name "ID"/],
  ['people, pages or screens', `{"id":"m","user_id":"u","received_at":"${TIME}","plan":"pro"}`, /--table identifies/],
])('%s is refused with what to do', async (_, content, message) => {
  expect(await read.refusal(content)).toMatch(message);
});

test('the command for a file with a blank in its name can be pasted', async () => {
  const file = `${fileOf('')} of May.zst`;
  writeFileSync(file, zstdCompressSync(text));
  const opened = openHistory(file, DEFAULT_READ_OPTIONS, () => undefined, NOW_MS);
  await expect(opened).rejects.toThrow(`: zstd -dc '${file}' | npm run`);
});

test.each(['event', 'identifies'] as const)(
  'the name %s of a table does not make rows of something else',
  async (table) => {
    expect(await read.refusal('customer,action\nu,a', { table })).toMatch(/header line of which nothing is known/);
    expect(await read.refusal('{"customer":"u"}', { table })).toMatch(/no rows that are known/);
    expect(await read.refusal(`id;user_id;event;received_at\nm;u;a;${TIME}`, { table })).toMatch(/separated by ';'/);
  },
);

describe('the option --format', () => {
  test('ndjson reads a file whose first line is damaged, and lists the line', async () => {
    const damaged = `Exporting …\n${text}\n`;
    expect(await read.refusal(damaged)).toMatch(/neither JSON nor CSV/);
    expect(await read.events(damaged, { format: 'ndjson' })).toEqual([
      expect.stringMatching(/line 1 is not valid JSON.*\. Repair the line, or say --skip-bad FILE$/),
      EVENT,
    ]);
  });

  test('json reads values that take several lines, also after a first one in a line of its own', async () => {
    const mixed = `${text}\n${JSON.stringify(EVENT, undefined, 2)}\n`;
    expect(await read.events(mixed)).toContainEqual(expect.stringMatching(/line 2 is not valid JSON/));
    expect(await read.events(mixed, { format: 'json' })).toEqual([EVENT, EVENT]);
  });

  test('csv reads columns whose names look like something else', async () => {
    const rows = `-- id,user_id,event,received_at,x\nm,u,a,${TIME},1`;
    expect(await read.refusal(rows)).toMatch(/is a script of SQL/);
    expect(await read.events(rows, { format: 'csv' })).toMatchObject([{ userId: 'u', event: 'a' }]);
    expect(await read.refusal(text, { format: 'csv' })).toMatch(/^FILE, line 1 is not valid CSV/);
  });
});

describe('encodings', () => {
  const rows = `id,user_id,event,received_at,x\nm,u,a,${TIME},Köln`;

  test('bytes that are not UTF-8 are refused with their line', async () => {
    expect(await read.refusal(Buffer.from(rows, 'latin1'))).toMatch(
      /^FILE, line 2 has bytes that are not UTF-8\..*--encoding latin1/,
    );
  });

  test.each([
    ['Latin-1', Buffer.from(rows, 'latin1'), 'latin1'],
    ['UTF-16', Buffer.from(`\uFEFF${rows}`, 'utf16le'), 'utf8'],
    ['UTF-8 with a byte order mark', `\uFEFF${rows}`, 'utf8'],
  ] as const)('%s is read', async (_, content, encoding) => {
    expect(await read.events(content, { encoding })).toMatchObject([{ messageId: 'm', properties: { x: 'Köln' } }]);
  });
});

describe('layouts', () => {
  test.each([
    ['lines', `${text}\n${text}\r\n`],
    ['lines, each with a byte order mark', `\uFEFF${text}\n\uFEFF${text}`],
    ['values without line breaks', text.repeat(2)],
    ['indented values', JSON.stringify(EVENT, undefined, 2).repeat(2)],
    ['two arrays', `[${text}]\n[${text}]`],
    ['a batch', `{"batch":[${text},${text}]}`],
    ['gzip', gzipSync(`${text}\n${text}`)],
    ['messages of Kafka', `${JSON.stringify({ topic: 't', offset: 1, payload: text })}\n`.repeat(2)],
  ])('%s', async (_, content) => {
    expect(await read.events(content)).toEqual([EVENT, EVENT]);
  });

  test('CSV with other separators, and without a header line', async () => {
    const columns = ['id', 'user_id', 'event', 'received_at', 'x'];
    const read1 = await read.events(`m;u;a;${TIME};1`, { columns, delimiter: ';' });
    expect(read1).toMatchObject([{ messageId: 'm', userId: 'u', event: 'a', properties: { x: '1' } }]);
  });

  test('a line separator of Unicode is in a line, not at its end', async () => {
    const odd = { ...EVENT, event: 'A\u2028B\u2029C\u0085D' };
    expect(await read.events(`${JSON.stringify(odd)}\n${text}`)).toEqual([odd, EVENT]);
  });
});

test('a quote that is not closed names the line where it opens, and a row of another length its line', async () => {
  const head = `id,user_id,event,received_at,x\nm,u,a,${TIME},"two\nlines"\n`;
  await expect(read.events(`${head}m,u,a,${TIME},"open\nm,u,a,${TIME},1\n`)).rejects.toThrow(
    /, line 4 opens a quote that is not closed/,
  );
  expect(await read.events(`${head}m,u,a\n`)).toEqual([
    expect.objectContaining({ messageId: 'm' }),
    expect.stringMatching(/line 4 has 3 cells, and the header has 5\. Put cells .* in quotes/),
  ]);
});

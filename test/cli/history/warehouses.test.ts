import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { checkFiles } from '../../../cli/backfill/check.ts';
import { expandFiles } from '../../../cli/history/expand-files.ts';
import { DEFAULT_READ_OPTIONS, type ReadOptions } from '../../../cli/history/read-options.ts';
import { isObject } from '../../../lib/json.ts';
import { readSettings } from '../../../lib/rudderstack/settings.ts';
import { readPage } from '../../docs/pages.ts';
import { tableUnder } from '../../docs/tables.ts';
import { heapq } from '../../support/heapq.ts';
import { read } from '../../support/history.ts';
import {
  exportedAsCsv,
  exportedAsJson,
  exportedByCopy,
  STORAGE_DUMP,
  tablesOf,
  WAREHOUSES,
} from '../../support/warehouse-exports.ts';

/** The rows are made by rudder-transformer's own code; see test/support/warehouse-exports.ts. */
const CONFIG = {
  idempotencyKey: 'messageId',
  consentManagement: {},
  oneTrustCookieCategories: [{ oneTrustCookieCategory: 'C0004' }],
};
const EVENT_TABLES = ['order_completed', 'signed_up', 'video_played'];
const SENT = [...EVENT_TABLES, 'identifies'];

/** Names as a warehouse writes them: that much of them is lost. */
function snakeCase(value: unknown): unknown {
  if (!isObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [
      key
        .replaceAll(/(?<=[a-z])(?=[A-Z])/g, '_')
        .replaceAll('.', '_')
        .toLowerCase(),
      snakeCase(inner),
    ]),
  );
}

/** What Heap gets where a warehouse has no booleans, or writes them as texts. */
function withBooleansAs(value: unknown, written: (boolean: boolean) => unknown): unknown {
  if (isObject(value)) {
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, withBooleansAs(inner, written)]));
  }
  return typeof value === 'boolean' ? written(value) : value;
}

/** Times are one time, however they are written. */
const comparable = (calls: readonly unknown[]): string[] =>
  calls
    .map((call) =>
      JSON.stringify(snakeCase(call), (key, value: unknown) => sorted(key === 'timestamp' ? iso(value) : value)),
    )
    .toSorted();

function iso(value: unknown): unknown {
  return typeof value === 'string' ? new Date(value).toISOString() : value;
}

function sorted(value: unknown): unknown {
  return isObject(value) ? Object.fromEntries(Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1))) : value;
}

async function live(): Promise<readonly unknown[]> {
  const calls = await read.calls(STORAGE_DUMP, {}, CONFIG);
  return calls;
}

/** What a row of the page's table leads to: files, and how Heap's events may differ from the live ones. */
interface Sample {
  readonly files: Readonly<Record<string, string | Buffer>>;
  /** Storage has all calls; a table has those of its kind. */
  readonly isStorage?: boolean;
  readonly booleans?: (boolean: boolean) => unknown;
}

const tables = (name: (table: string) => string, content: (table: string) => string | Buffer): Sample => ({
  files: Object.fromEntries(SENT.map((table) => [name(table), content(table)])),
});
const dump: Sample = { files: { '2026/01/31/1.source.json.gz': gzipSync(STORAGE_DUMP) }, isStorage: true };

/** By the first column of the table. */
const SAMPLES: ReadonlyMap<string, Sample> = new Map([
  ['S3', dump],
  ['Google Cloud Storage', dump],
  [
    'Snowflake',
    tables(
      (table) => `${table}_0_0_0.json.gz`,
      (table) => gzipSync(exportedAsJson('snowflake', table)),
    ),
  ],
  [
    'BigQuery',
    tables(
      (table) => `${table}-000000000000.json.gz`,
      (table) => gzipSync(exportedAsJson('bq', table)),
    ),
  ],
  [
    'Redshift',
    tables(
      (table) => `${table}_0000_part_00.json`,
      (table) => exportedAsJson('rs', table),
    ),
  ],
  [
    'Postgres',
    tables(
      (table) => `${table}.json`,
      (table) => exportedAsJson('postgres', table),
    ),
  ],
  [
    'Postgres, as CSV',
    { ...tables((table) => `${table}.csv`, exportedByCopy), booleans: (boolean: boolean) => (boolean ? 't' : 'f') },
  ],
  [
    'ClickHouse',
    {
      ...tables(
        (table) => `${table}.json`,
        (table) => exportedAsJson('clickhouse', table),
      ),
      booleans: Number,
    },
  ],
]);

describe('each row of the table in docs/command-line.md', () => {
  const rows = tableUnder(readPage('docs/command-line.md'), 'From a warehouse or from storage');

  test('has a sample, and the other way round', () => {
    expect(rows.map(([from]) => from)).toEqual([...SAMPLES.keys()]);
  });

  test.each(rows.map(([from = '', export_ = '', load = '']) => [from, export_, load] as const))(
    '%s: its load command gives the events that Heap would have got live',
    async (from, export_, load) => {
      const sample = SAMPLES.get(from) ?? dump;
      const words = wordsOf(load);
      expect(export_).toMatch(sample.isStorage === true ? /s 's3|s3:|gs:/ : /order_completed/);
      const reading = optionsOf(words);
      const folder = folderWith(sample.files);
      const expected = (await live()).filter((call) => sample.isStorage === true || !isUnsupported(call));
      const wanted = expected.map((call) => withBooleansAs(call, sample.booleans ?? ((boolean) => boolean)));
      const calls = await callsIn(folder, reading);
      expect(comparable(calls)).toEqual(comparable(wanted));
      expect(calls).toHaveLength(sample.isStorage === true ? 50 : 36);

      const settings = readSettings({ appId: '1', ...CONFIG });
      const check = await checkFiles(
        expandFiles([folder]),
        { settings, reading },
        new AbortController().signal,
        () => undefined,
      );
      expect(check.delivered).toBe(wanted.filter((call) => isObject(call) && 'payload' in call).length);
      expect(check.causes.filter(({ fate }) => fate !== 'filtered')).toEqual([]);

      // What the page does not need, it does not say.
      const without = comparable(await callsIn(folder, optionsOf(words.slice(0, 1))));
      const isWithout = JSON.stringify(without) === JSON.stringify(comparable(wanted));
      expect(isWithout).toBe(words.length === 1);
    },
  );
});

/** The words after `enqueue`. */
function wordsOf(load: string): readonly string[] {
  const [, words = ''] = /^`npm run -s heapq -- enqueue (.+)`$/.exec(load) ?? [];
  return words.split(' ');
}

/** The options of the page. What is not here is an error, so that each of them is tried. */
const OPTIONS: ReadonlyMap<string, Partial<ReadOptions>> = new Map([
  ['history/', {}],
  ['history/ --types infer', { types: 'infer' }],
]);

test.each([...OPTIONS.keys()])('heapq takes the load command of the page: enqueue %s', async (words) => {
  const { files } = SAMPLES.get(words.includes('--types') ? 'BigQuery' : 'Snowflake') ?? dump;
  const [, ...options] = words.split(' ');
  const config = join(folderWith({ 'settings.json': JSON.stringify({ appId: '1', ...CONFIG }) }), 'settings.json');
  const args = ['enqueue', folderWith(files), ...options, '--check', '--json', '--config', config];
  const { code, out } = await heapq(args, {});
  expect([code, JSON.parse(out)]).toMatchObject([0, { events: 36, isComplete: true, refusedFiles: [] }]);
});

function optionsOf(words: readonly string[]): ReadOptions {
  const options = OPTIONS.get(words.join(' '));
  if (options === undefined) throw new Error(`${words.join(' ')} is not among the commands of this test`);
  return { ...DEFAULT_READ_OPTIONS, ...options };
}

function folderWith(files: Sample['files']): string {
  const folder = mkdtempSync(join(tmpdir(), 'export-'));
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), content);
  }
  return folder;
}

async function callsIn(folder: string, reading: ReadOptions): Promise<readonly unknown[]> {
  const files = expandFiles([folder]);
  const calls = await Promise.all(files.map((file) => read.calls(readFileSync(file), reading, CONFIG)));
  return calls.flat();
}

function isUnsupported(call: unknown): boolean {
  return isObject(call) && call['reason'] === 'unsupported_type';
}

test('the fifty events hold what is hard', async () => {
  const calls = await live();
  expect(calls).toHaveLength(50);
  expect(calls).toContainEqual({ kind: 'filtered', reason: 'consent' });
  expect(calls.filter(isUnsupported)).toHaveLength(14);
  expect(JSON.stringify(calls)).toMatch(/"identity":"u-from-traits".*|"idempotency_key":"own-key"/);
});

test.each([
  ['pages', undefined],
  ['groups', undefined],
  ['aliases', undefined],
  ['screens', 'screens'],
] as const)('rows of %s are filtered, as their live events', async (table, named) => {
  for (const warehouse of WAREHOUSES) {
    const calls = await read.calls(exportedAsJson(warehouse, table), { table: named }, CONFIG);
    expect(new Set(calls.map((call) => JSON.stringify(call)))).toEqual(
      new Set(['{"kind":"filtered","reason":"unsupported_type"}']),
    );
  }
});

test('rows of screens are refused until they are named, since they may be identify calls', async () => {
  const refusal = await read.refusal(exportedAsJson('rs', 'screens'));
  expect(refusal).toMatch(/^FILE has rows of RudderStack, and nothing says whether they are identify calls.*--table/);
});

test('the table tracks is refused, named or not: its rows would take the place of the full ones', async () => {
  const tracks = exportedAsJson('snowflake', 'tracks');
  for (const table of [undefined, 'tracks'] as const) {
    expect(await read.refusal(tracks, { table })).toMatch(
      /^FILE is the table tracks\. .*Export the table of each event instead/,
    );
  }
  const [one = ''] = tracks.split('\n');
  expect(await read.refusal(one)).toMatch(/has track events without any property: it may be the table tracks/);
  expect(await read.events(one, { table: 'event' })).toMatchObject([{ type: 'track', properties: {} }]);
});

test('the table tracks with the column rudder_event is read: the column holds the whole event', async () => {
  const [event = ''] = STORAGE_DUMP.split('\n');
  const [row = ''] = exportedAsJson('snowflake', 'tracks').split('\n');
  const withEvent = JSON.stringify({ ...JSON.parse(row), RUDDER_EVENT: event });
  const [reading] = await read.readings(withEvent);
  expect(reading).toMatchObject({ kind: 'event', text: event, isRow: false });
});

test('rows of users become identify calls of the id', async () => {
  expect(tablesOf('snowflake')).toContain('users');
  const [first] = await read.calls(exportedAsJson('snowflake', 'users'), {}, CONFIG);
  expect(first).toMatchObject({
    kind: 'add_user_properties',
    payload: {
      identity: 'u-0',
      properties: { email: 'u0@example.com', plan: 'pro', seats: 1, vip: true, group: 'beta' },
    },
  });
});

test.each(['', 'NULL', '\\N', '(null)', 'NaT', '#N/A'])(
  'CSV gives the same as JSON, with %j for nothing',
  async (absent) => {
    for (const table of SENT) {
      const [asCsv, asJson] = await Promise.all([
        read.calls(exportedAsCsv('postgres', table, absent), { types: 'infer' }, CONFIG),
        read.calls(exportedAsJson('postgres', table), {}, CONFIG),
      ]);
      expect(comparable(asCsv)).toEqual(comparable(asJson));
    }
  },
);

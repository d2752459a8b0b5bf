import { isObject } from '../../../lib/json.ts';
import { read } from '../../support/history.ts';
import {
  exportedAsCsv,
  exportedAsJson,
  STORAGE_DUMP,
  tablesOf,
  WAREHOUSES,
  type Warehouse,
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

/** ClickHouse has no booleans. */
function withoutBooleans(value: unknown): unknown {
  if (isObject(value))
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, withoutBooleans(inner)]));
  return typeof value === 'boolean' ? Number(value) : value;
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

const OPTIONS: Readonly<Record<Warehouse, object>> = {
  snowflake: {},
  // BigQuery writes integers as texts.
  bq: { types: 'infer' },
  rs: {},
  postgres: {},
  clickhouse: {},
};

async function live(): Promise<readonly unknown[]> {
  const calls = await read.calls(STORAGE_DUMP, {}, CONFIG);
  return calls;
}

test.each(WAREHOUSES)('fifty events give the same Heap events live and from tables of %s', async (warehouse) => {
  const of = await Promise.all(
    SENT.map((table) => read.calls(exportedAsJson(warehouse, table), OPTIONS[warehouse], CONFIG)),
  );
  const expected = (await live()).filter((call) => !(isObject(call) && call['reason'] === 'unsupported_type'));
  const wanted = warehouse === 'clickhouse' ? expected.map(withoutBooleans) : expected;
  const seconds = of.flat();
  expect(comparable(seconds)).toEqual(comparable(wanted));
  expect(seconds).toHaveLength(36);
});

test('the fifty events hold what is hard', async () => {
  const calls = await live();
  expect(calls).toHaveLength(50);
  expect(calls).toContainEqual({ kind: 'filtered', reason: 'consent' });
  expect(calls.filter((call) => isObject(call) && call['reason'] === 'unsupported_type')).toHaveLength(14);
  expect(JSON.stringify(calls)).toMatch(/"identity":"u-from-traits".*|"idempotency_key":"own-key"/);
});

test.each([
  ['pages', undefined],
  ['groups', undefined],
  ['aliases', undefined],
  ['screens', 'screens'],
] as const)('rows of %s are sent to nobody, as their live events', async (table, named) => {
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

import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describeBad, openHistory, type Entry } from '../../../cli/history/open-history.ts';
import { isAbsent } from '../../../cli/history/columns.ts';
import { MOST_CHARACTERS } from '../../../cli/history/item.ts';
import { DEFAULT_READ_OPTIONS } from '../../../cli/history/read-options.ts';
import { RefusalError } from '../../../cli/history/refusal.ts';
import { valueAt } from '../../../lib/json.ts';
import { fileOf, NOW_MS } from '../../support/history.ts';

const TIME = '2026-01-31T10:00:00.000Z';
const EVENT = { type: 'track', event: 'Käse 🚀', userId: 'u', messageId: 'm', timestamp: TIME };
const ROW = { id: 'm', user_id: 'u', event: 'a', received_at: TIME, plan: 'p' };

const fragment = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.integer({ min: 0, max: 99 }).map((n) => JSON.stringify({ ...EVENT, messageId: `m-${n}` })),
  },
  fc.constantFrom(
    JSON.stringify({ ...EVENT, properties: '{"a":1}' }),
    JSON.stringify(EVENT, undefined, 2),
    JSON.stringify({ batch: [EVENT, EVENT] }),
    JSON.stringify({ deadLetter: { reason: 'x' }, event: EVENT }),
    JSON.stringify({ topic: 't', offset: 1, payload: JSON.stringify(EVENT) }),
    JSON.stringify({ type: 'page', userId: 'u' }),
    JSON.stringify([EVENT, EVENT]),
    JSON.stringify(ROW),
    'id,user_id,event,received_at,plan',
    `m,u,a,${TIME},"p ""q"",\n\r"`,
  ),
  fc.jsonValue({ maxDepth: 2 }).map((value) => JSON.stringify(value)),
  fc.constantFrom('{', '}', '[', ']', '"', ',', ':', '\\', '{"a":', 'null', '1', '\u0000', '\uFEFF', ' ', '\u2028'),
);
const text = fc
  .array(fc.tuple(fragment, fc.constantFrom('\n', '\n', '\r\n', '', ',', '\r', '\n\n')), { maxLength: 12 })
  .map((pieces) => pieces.flat().join(''));
const cutOff = fc.tuple(text, fc.nat()).map(([whole, at]) => Buffer.from(whole).subarray(0, at % (whole.length + 1)));
const plain = fc.oneof(
  { weight: 4, arbitrary: text.map((whole) => Buffer.from(whole)) },
  { weight: 2, arbitrary: text.map((whole) => Buffer.from(`[${whole.replaceAll(/\r?\n/g, ',')}]`)) },
  { weight: 2, arbitrary: cutOff },
  text.map((whole) => Buffer.from(`\uFEFF${whole}`, 'utf16le')),
  fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes)),
);
const content = fc.oneof(
  { weight: 6, arbitrary: plain },
  plain.map((bytes) => gzipSync(bytes)),
  fc.tuple(plain, fc.nat()).map(([bytes, at]) => gzipSync(bytes).subarray(0, at % 40)),
);
const options = fc.record({
  format: fc.constantFrom(undefined, undefined, undefined, 'ndjson', 'json', 'csv'),
  encoding: fc.constantFrom('utf8', 'utf8', 'latin1'),
  table: fc.constantFrom(undefined, undefined, 'event'),
} as const);

/** Reads a file to its end, or until it is refused. */
async function readAll(
  bytes: Buffer,
  given: Partial<typeof DEFAULT_READ_OPTIONS>,
): Promise<{ readonly entries: readonly Entry[]; readonly refused: unknown }> {
  const entries: Entry[] = [];
  try {
    const history = await openHistory(fileOf(bytes), { ...DEFAULT_READ_OPTIONS, ...given }, () => undefined, NOW_MS);
    for await (const entry of history.entries) entries.push(entry);
    return { entries, refused: undefined };
  } catch (refused) {
    return { entries, refused };
  }
}

/** Whether an item is an event of which nothing had to be parsed. */
function isAsItCame({ item, reading }: Entry): boolean {
  return reading.kind === 'event' && reading.shape === 'events' && !item.text.includes('"{');
}

/** What is between the items of a text; undefined if one of them is not in it, after the one before. */
function between(whole: string, items: readonly string[]): string | undefined {
  let rest = '';
  let from = 0;
  for (const item of items) {
    const at = whole.indexOf(item, from);
    if (at === -1) return undefined;
    rest += whole.slice(from, at);
    from = at + item.length;
  }
  return rest + whole.slice(from);
}

test('what stands beside an array is read too, or is bad', async () => {
  const [one, two] = ['1', '2'].map((messageId) => JSON.stringify({ ...EVENT, messageId }));
  const { entries } = await readAll(Buffer.from(`[${one}]\n${two}\noops\n[${one},${two}]`), {});
  expect(entries.map(({ item, reading }) => [item.text, item.line, reading.kind])).toEqual([
    [one, 1, 'event'],
    [two, 2, 'event'],
    ['oops', 3, 'bad'],
    [one, 4, 'event'],
    [two, 4, 'event'],
  ]);
});

const long = 'a'.repeat(MOST_CHARACTERS + 1);
test.each([
  [
    'a text',
    `${JSON.stringify(EVENT)}\n{"type":"${long}`,
    /line 2 has a JSON value of more than 16 MB, or a quote that/,
  ],
  [
    'a text in an array',
    `[\n${JSON.stringify(EVENT)},\n{"type":"${long}`,
    /line 2 has a JSON value of more than 16 MB/,
  ],
])('%s without an end is refused with its line', async (_, whole, message) => {
  const { refused } = await readAll(Buffer.from(whole), { table: 'event' });
  expect(String(refused)).toMatch(message);
});

test('whatever a file holds, it is refused, or each of its items is read, left out or bad, with its line', async () => {
  await fc.assert(
    fc.asyncProperty(content, options, async (bytes, given) => {
      const { entries, refused } = await readAll(bytes, given);
      expect(refused === undefined || refused instanceof RefusalError).toBe(true);
      const lines = entries.map(({ item }) => item.line);
      expect(lines).toEqual(lines.toSorted((one, other) => one - other));
      const bad = entries.filter(({ reading }) => reading.kind === 'bad').map((entry) => describeBad('FILE', entry));
      expect(bad.filter((why) => !/^FILE, line [1-9]\d* /.test(why))).toEqual([]);
    }),
    { numRuns: 250 },
  );
});

test.each(['ndjson', 'json'] as const)(
  'what is not refused of %s is read character for character, and nothing between it is lost',
  async (format) => {
    await fc.assert(
      fc.asyncProperty(
        fc.oneof(
          text,
          text.map((whole) => `[${whole.replaceAll(/\r?\n/g, ',')}]`),
        ),
        async (whole) => {
          const { entries, refused } = await readAll(Buffer.from(whole), { format, table: 'event' });
          const rest = between(
            whole,
            entries.map(({ item }) => item.text),
          );
          expect(rest).toBeDefined();
          const nothing = format === 'ndjson' ? /^[\s\uFEFF]*$/ : /^[\s\uFEFF,[\]]*$/;
          expect(refused !== undefined || nothing.test(rest ?? '')).toBe(true);
          const events = entries.filter(isAsItCame);
          expect(events.map(({ reading }) => reading)).toMatchObject(events.map(({ item }) => ({ text: item.text })));
        },
      ),
      { numRuns: 150 },
    );
  },
);

test('cells of CSV are read character for character, whatever they hold', async () => {
  const cell = fc.oneof(
    fc.string({ unit: 'grapheme' }),
    fc.constantFrom('"', '\n', '\r\n', '\r', ',', '\uFEFF', 'NULL', '\\N'),
  );
  const columns = ['id', 'user_id', 'event', 'received_at', 'x', 'y'];
  await fc.assert(
    fc.asyncProperty(fc.array(fc.tuple(cell, cell), { maxLength: 5 }), async (rows) => {
      const lines = rows.map(
        ([x, y]) => `m,u,a,${TIME},${[x, y].map((one) => `"${one.replaceAll('"', '""')}"`).join(',')}`,
      );
      const { entries, refused } = await readAll(Buffer.from(lines.join('\n')), {
        columns,
        format: 'csv',
        table: 'event',
      });
      const read = entries.map(({ item }) => ['x', 'y'].map((name) => valueAt(JSON.parse(item.text), [name])));
      const present = rows.map((cells) => cells.map((one) => (isAbsent(one, []) ? undefined : one)));
      expect([refused, read]).toEqual([undefined, present]);
    }),
    { numRuns: 100 },
  );
});

import { checkFiles, type CheckResult } from '../../../cli/backfill/check.ts';
import { describeCheck } from '../../../cli/backfill/describe-check.ts';
import { DEFAULT_READ_OPTIONS, type ReadOptions } from '../../../cli/history/read-options.ts';
import { readSettings } from '../../../lib/rudderstack/settings.ts';
import type { TransformEvent } from '../../../lib/transformation/transform-event.ts';
import { fileOf } from '../../support/history.ts';

const TIME = '2026-01-31T10:00:00.000Z';
const EVENT = { type: 'track', event: 'A', userId: 'u', messageId: 'm', timestamp: TIME };
const GOOD = JSON.stringify(EVENT);
const changed = (change: object): string => JSON.stringify({ ...EVENT, ...change });

function check(
  files: readonly string[],
  reading: Partial<ReadOptions> = {},
  config: object = {},
  signal = new AbortController().signal,
  transformEvent?: TransformEvent,
): Promise<CheckResult> {
  const options = {
    transformEvent,
    settings: readSettings({ appId: '1', ...config }),
    reading: { ...DEFAULT_READ_OPTIONS, ...reading },
  };
  return checkFiles(files, options, signal, () => undefined);
}

const NAMED = { settings: 'settings.json', areKeysOfRows: false };

test.each<[string, readonly string[], Partial<ReadOptions>, readonly string[]]>([
  [
    'JSON that is wrong in several ways, eight lines of one',
    [
      GOOD,
      '{"a":1,}',
      ...Array.from({ length: 8 }, (_, index) => `{"a":"b${index}\n${GOOD}`),
      '{"a":NaN}',
      '{"a":NaN}',
    ],
    {},
    [
      'refused not_json 1 line 2',
      'line 2 is not valid JSON: Expected double-quoted property name',
      'refused not_json 8 lines 3, 5, 7, 9, 11, 13, 15 and 17',
      'line 3 is not valid JSON: Unterminated string in JSON at position',
      'refused not_json 2 lines 19-20',
      'line 19 is not valid JSON: Unexpected token',
    ],
  ],
  [
    'times',
    [GOOD, changed({ timestamp: undefined }), changed({ timestamp: 'soon' }), changed({ timestamp: '1999-01-01' })],
    {},
    [
      'refused no_time 1 line 2',
      'line 2 has no time that can be read. In Heap it would happen on the day of the import: give it a time',
      'refused no_time 2 lines 3-4',
      'line 3 has no time that can be read and can be true. In Heap',
    ],
  ],
  [
    'what the function would dead-letter',
    [
      changed({ userId: undefined }),
      GOOD,
      changed({ userId: '' }),
      changed({ event: '' }),
      changed({ userId: 'x'.repeat(300) }),
      changed({ userId: undefined, anonymousId: 'y'.repeat(301) }),
      `{"batch":[${GOOD},${changed({ event: '' })},${changed({ event: '' })}]}`,
    ],
    {},
    [
      'rejected missing_identity 2 lines 1 and 3',
      'line 1: userId is required',
      'rejected missing_event 3 lines 4 and 7',
      'line 4: event is required',
      'rejected identity_too_long 1 line 5',
      'line 5: userId',
      'rejected identity_too_long 1 line 6',
      'line 6: anonymousId',
    ],
  ],
  [
    'what is filtered or left out',
    [changed({ type: 'page' }), changed({ type: 'group' }), changed({ integrations: { All: false } }), GOOD],
    { skip: ['track'] },
    ['filtered unsupported_type 2 lines 1-2', 'left out skipped 2 lines 3-4', 'line 3: events by --skip'],
  ],
  [
    'rows that do not belong to the table',
    [
      ...Array.from({ length: 3 }, () => `{"id":"m","user_id":"u","received_at":"${TIME}","email":"a@example.com"}`),
      `{"id":"m","user_id":"u","received_at":"${TIME}","group_id":"g"}`,
      `{"id":"m","user_id":"u","received_at":"${TIME}","previous_id":"g"}`,
      `{"id":"m","user_id":"u","received_at":"${TIME}","group_id":"g"}`,
    ],
    { table: undefined },
    [
      'refused other_table 2 lines 4 and 6',
      'line 4 is a row of groups, in a file of identifies. Export each table',
      'refused other_table 1 line 5',
      'line 5 is a row of aliases, in a file of identifies',
    ],
  ],
])('%s: each cause has its count, its lines and one example', async (_, lines, reading, expected) => {
  // The shape of a file is told by its first thousand rows: what is wrong comes after them.
  const isRows = lines[0]?.includes('received_at') === true;
  const before = isRows ? `${lines[0]}\n`.repeat(1000) : '';
  const result = await check([fileOf(`${before}${lines.join('\n')}`)], reading);
  const said = describeCheck(result, NAMED)
    .split('\n')
    .map((line) => line.trim().replaceAll(/\s+/g, ' '))
    .map((line) => (isRows ? line.replaceAll(/\b10\d\d\b/g, (number) => String(Number(number) - 1000)) : line))
    .filter((line) => /^(?:refused|rejected|filtered|left out) \w+ \d|^line /.test(line));
  expect(said).toEqual(expected.map((text) => expect.stringContaining(text)));
});

test('files are named in what they share, and what Heap would get is that of an event that is delivered', async () => {
  const files = [fileOf(`${changed({ type: 'page' })}\n{oops`), fileOf(`{oh\n${GOOD}`), fileOf(GOOD)];
  const result = await check(files);
  const text = describeCheck(result, NAMED);
  expect(text).toContain('3 files: 5 events, mapped with the settings of settings.json');
  expect(text).toMatch(
    new RegExp(`refused +not_json +2 {3}${files[0]} line 2; ${files[1]} line 1\n {6}${files[0]}, line 2 is not`),
  );
  expect(text).toMatch(/events: 3, for example\n {4}\{"kind":"deliver"/);
});

test('events of rows are a warning, unless the settings give them the keys of live events', async () => {
  const file = fileOf(`{"id":"m","user_id":"u","received_at":"${TIME}","event":"a","x":1}`);
  const result = await check([file]);
  expect(describeCheck(result, NAMED)).toMatch(/events of rows +1 {3}their idempotency keys differ/);
  expect(describeCheck(result, { ...NAMED, areKeysOfRows: true })).not.toMatch(/events of rows/);
});

test('an interrupted check says that it is not complete', async () => {
  const result = await check([fileOf(GOOD)], {}, {}, AbortSignal.abort());
  expect(result).toMatchObject({ isComplete: false, events: 0 });
  expect(describeCheck(result, NAMED)).toMatch(/Interrupted: the rest was not checked\.$/);
});

test('a transformation is run, and named', async () => {
  const file = fileOf(
    [GOOD, changed({ event: 'Drop' }), changed({ event: 'Bad' }), changed({ event: 'Split' })].join('\n'),
  );
  const result = await check([file], {}, {}, undefined, (event) => {
    const { event: name } = Object(event);
    if (name === 'Bad') throw new Error('no such event');
    if (name === 'Split') return [event, { ...Object(event), event: '' }];
    return name === 'Drop' ? null : Object.assign(Object(event), { event: `${String(name)}!` });
  });
  expect(result).toMatchObject({
    events: 4,
    delivered: 1,
    causes: [
      { fate: 'filtered', reason: 'dropped_by_transformation' },
      { fate: 'rejected', reason: 'transformation_failed' },
      { fate: 'rejected', reason: 'missing_event' },
    ],
    // It was run once for what is shown.
    shapes: { events: { first: { kind: 'deliver', body: { event: 'A!' }, transformed: { event: 'A!' } } } },
  });
  const text = describeCheck(result, { ...NAMED, transformation: 'mine.js' });
  expect(text).toContain('4 events, transformed by mine.js, mapped with the settings of settings.json');
  expect(describeCheck(result, NAMED)).toContain('4 events, mapped with the settings of settings.json');
});

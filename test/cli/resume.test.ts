import {
  appendFileSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  writeFileSync,
} from 'node:fs';
import { setImmediate } from 'node:timers/promises';
import { join } from 'node:path';
import { tmpdir } from 'node:os';
import { randomUUID } from 'node:crypto';
import { openBadFile } from '../../cli/backfill/bad-file.ts';
import { NOTHING_DONE, openCheckpoint, startOfLoad, type Reached, type Run } from '../../cli/backfill/checkpoint.ts';
import { toMessages } from '../../cli/backfill/to-messages.ts';
import { openHistory } from '../../cli/history/open-history.ts';
import { DEFAULT_READ_OPTIONS, givenOptions, type ReadOptions } from '../../cli/history/read-options.ts';
import { unwrap } from '../../lib/rudderstack/envelope.ts';
import { fileOf, NOW_MS } from '../support/history.ts';

const TIME = '2026-01-31T10:00:00.000Z';
const track = (index: number, more: object = {}) =>
  JSON.stringify({ type: 'track', event: 'A', userId: 'u', messageId: `m-${index}`, timestamp: TIME, ...more });
const row = (index: number, more: object = {}) =>
  JSON.stringify({
    id: `m-${index}`,
    user_id: 'u',
    event: 'a',
    event_text: 'A',
    received_at: TIME,
    plan: 'p',
    ...more,
  });
const identify = JSON.stringify({ type: 'identify', userId: 'u', messageId: 'i', timestamp: TIME, traits: { a: 1 } });

interface Part {
  readonly ids: readonly string[];
  readonly reached: Reached;
  readonly stoppedBy: string | undefined;
}

/** Makes messages of a file from where an earlier run has stopped. */
async function run(
  lines: readonly string[],
  options: Partial<ReadOptions>,
  skip: Reached = NOTHING_DONE,
  eventsPerMessage = 1,
): Promise<Part> {
  const file = fileOf(lines.join('\n'));
  const { entries } = await openHistory(file, { ...DEFAULT_READ_OPTIONS, ...options }, () => undefined, NOW_MS);
  const ids: string[] = [];
  let reached = skip;
  try {
    const settings = {
      file: 'FILE',
      skip,
      eventsPerMessage,
      isFifo: false,
      onEntry: () => undefined,
      onBad: undefined,
    };
    for await (const message of toMessages(entries, { ...settings, badBytes: () => 0 })) {
      reached = message.upTo;
      ids.push(...unwrap(message.body).map((one) => (one.kind === 'event' ? String(one.event['messageId']) : '')));
    }
    return { ids, reached, stoppedBy: undefined };
  } catch (error) {
    return { ids, reached, stoppedBy: error instanceof Error ? error.message : String(error) };
  }
}

describe('a second run with other options, after the first one has stopped at a bad line', () => {
  const csv = 'id,user_id,event,received_at,price';
  const changed = /^FILE has changed in its first \d+ items/;

  test.each<[string, readonly string[], Partial<ReadOptions>, Partial<ReadOptions>]>([
    ['would send what --skip has left out', [identify, track(1)], { skip: ['identify'] }, {}],
    ['would leave out what was sent', [identify, track(1)], {}, { skip: ['identify'] }],
    [
      'would send what --before has left out',
      [track(1), track(0, { timestamp: '2025-01-01T00:00:00Z' })],
      { beforeMs: Date.parse('2026-01-01') },
      { beforeMs: Date.parse('2026-02-01') },
    ],
    ['would send other types', [row(1, { price: '12' })], {}, { types: 'infer' }],
    ['would send absent values', [row(1, { price: 'none' })], { nulls: ['none'] }, {}],
    ['would send absent values of CSV', [csv, `m-1,u,a,${TIME},none`], { nulls: ['none'] }, {}],
    ['would send other times', [row(1, { timestamp: '2/1/2026' })], {}, { dateFormat: 'DD/MM/YYYY' }],
    ['would send rows of another table', [row(1)], { table: 'event' }, { table: 'identifies' }],
    ['would read other letters', [track(1, { event: 'Käse' })], {}, { encoding: 'latin1' }],
    ['would read other rows', [csv, `m-1,u,a,${TIME},1`], {}, { columns: csv.replace('price', 'cost').split(',') }],
  ])('%s: it does not continue', async (_, lines, first, second) => {
    // Neither JSON nor a row of five cells with a time.
    const stopped = await run([...lines, ',,a,?,{oops'], first);
    expect([stopped.ids.length > 0, stopped.stoppedBy]).toEqual([true, expect.stringMatching(/, line \d+ /)]);
    expect(await run(lines, second, stopped.reached)).toMatchObject({
      ids: [],
      stoppedBy: expect.stringMatching(changed),
    });
  });

  test.each<[string, readonly string[], Partial<ReadOptions>, readonly string[]]>([
    ['with --allow-no-time', [track(1), track(2, { timestamp: '?' })], { allowNoTime: true }, ['m-2']],
    ['with --date-format', [row(1), row(2, { received_at: '1/2/2026' })], { dateFormat: 'DD/MM/YYYY' }, ['m-2']],
    ['with one more --null', [row(1), '{oops'], { nulls: ['none'] }, ['m-2']],
    ['with --skip', [track(1), '{oops'], { skip: ['identify'] }, ['m-2']],
  ])('%s, which changes nothing of what was sent: it continues', async (_, lines, options, ids) => {
    const stopped = await run(lines, {});
    expect([stopped.ids, stopped.stoppedBy]).toEqual([['m-1'], expect.stringMatching(/line 2 (?:is not|has no)/)]);
    const repaired = lines.map((line) => (line === '{oops' ? (lines[0] ?? '').replace('m-1', 'm-2') : line));
    expect(await run(repaired, options, stopped.reached)).toMatchObject({ ids, stoppedBy: undefined });
  });

  test('with other --events-per-message it continues, and sends each event once', async () => {
    const lines = [1, 2, 3, 4, 5].map((index) => track(index));
    const stopped = await run([...lines.slice(0, 3), '{oops'], {}, NOTHING_DONE, 2);
    const second = await run(lines, {}, stopped.reached, 20);
    expect([...stopped.ids, ...second.ids]).toEqual(['m-1', 'm-2', 'm-3', 'm-4', 'm-5']);
  });
});

describe('a checkpoint', () => {
  const given = givenOptions(DEFAULT_READ_OPTIONS);
  const here: Run = { queueUrl: 'q', given, badFile: undefined, startedMs: 1 };
  const reached = { done: 2, seal: 's', badBytes: 0 };

  test('names the options that differ, and refuses them if the run was killed', () => {
    const file = fileOf('x');
    openCheckpoint(file, here).save(reached, true);
    const other = { ...here, given: givenOptions({ ...DEFAULT_READ_OPTIONS, types: 'infer', skip: ['identify'] }) };
    const words = '--types was text and is infer, --skip was not given and is identify';
    expect(openCheckpoint(file, other).otherOptions).toBe(words);
    openCheckpoint(file, here).save(reached, false);
    expect(() => openCheckpoint(file, other)).toThrow(`${file} was sent in part with other options: ${words}. Give`);
    expect(openCheckpoint(file, here)).toMatchObject({ reached, otherOptions: undefined });
  });

  test('of a finished file counts for the same options and the same file only', () => {
    const file = fileOf('x');
    openCheckpoint(file, here).finish(reached);
    const other = { ...here, given: givenOptions({ ...DEFAULT_READ_OPTIONS, skip: ['track'] }) };
    expect([openCheckpoint(file, here).isFinished, openCheckpoint(file, other).isFinished]).toEqual([true, false]);
    appendFileSync(file, 'y');
    expect(openCheckpoint(file, here).isFinished).toBe(false);
  });

  test('keeps the time at which the load began, from which --before 3d counts', () => {
    const [first, second] = [fileOf('x'), fileOf('y')];
    expect(startOfLoad([first, second])).toBeUndefined();
    openCheckpoint(second, { ...here, startedMs: NOW_MS }).save(reached, true);
    expect(startOfLoad([first, second, '-'])).toBe(NOW_MS);
  });
});

describe('the file of --skip-bad', () => {
  const badFile = (content: string): string => {
    const path = join(mkdtempSync(join(tmpdir(), 'bad-')), randomUUID());
    if (content !== '') writeFileSync(path, content);
    return path;
  };

  test.each([
    ['is added to', 'old\n', undefined, ['a', 'b'], 'old\na\nb\n'],
    ['is made', '', undefined, ['a'], 'a\n'],
    ['does not get again what came after the last note', 'old\na\nb\n', 4, ['a', 'b', 'c'], 'old\na\nb\nc\n'],
    ['gets again what came before it', 'a\nb\n', 2, ['b', 'a'], 'a\nb\na\n'],
    ['gets a line as often as it is in the history', 'a\n', 0, ['a', 'a'], 'a\na\n'],
    ['gets what is new after a line that was changed', 'a\nrepaired\n', 0, ['a', 'b', 'c'], 'a\nrepaired\nb\nc\n'],
    ['gets a line whose writing was cut off', 'aa', 0, ['aa'], 'aa\naa\n'],
    ['may have been emptied in between', 'x\n', 100, ['a'], 'x\na\n'],
  ] as const)('%s', (_, before, noted, lines, after) => {
    const path = badFile(before);
    const { add, size } = openBadFile(path, noted);
    for (const line of lines) add(line);
    expect([readFileSync(path, 'utf8'), size()]).toEqual([after, after.length]);
  });

  test('counts what is added again, so that a third run knows what the first one wrote after it', () => {
    const path = badFile('a\nb\nc\n');
    const second = openBadFile(path, 0);
    second.add('a');
    expect(second.size()).toBe(2);
    const third = openBadFile(path, second.size());
    for (const line of ['b', 'c', 'd']) third.add(line);
    expect(readFileSync(path, 'utf8')).toBe('a\nb\nc\nd\n');
  });
});

test('a file of which only the shape was looked at is not kept open', async () => {
  const file = fileOf(`${track(1)}\n`.repeat(20_000));
  // Only Linux says which files are open.
  const folder = '/proc/self/fd';
  const isOpen = (): boolean => {
    const names = existsSync(folder) ? readdirSync(folder) : [];
    return names.map((name) => join(folder, name)).some((path) => existsSync(path) && readlinkSync(path) === file);
  };
  const history = await openHistory(file, DEFAULT_READ_OPTIONS, () => undefined, NOW_MS);
  const before = isOpen();
  await history.close();
  // Node closes it in a later turn.
  for (let turn = 0; turn < 10_000 && isOpen(); turn += 1) await setImmediate();
  expect([before, isOpen()]).toEqual([existsSync(folder), false]);
});

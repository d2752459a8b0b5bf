import { gzipSync } from 'node:zlib';
import type { Queues } from '../../lib/forwarding/queues.ts';
import { readSettings } from '../../lib/rudderstack/settings.ts';
import { recordsOf } from '../events.ts';
import { createMeasuredHandler } from '../invocation.ts';
import type { Row } from '../row.ts';

const SETTINGS_BY_EVENT = readSettings({ appId: '{{ message.context.app || "11" }}' });
/** Queues that accept everything at once. */
const QUEUES: Queues = {
  sendDeadLetters: (messages) => Promise.resolve(messages.map(() => ({ kind: 'sent' }))),
  changeVisibility: () => Promise.resolve(0),
};
const RUNS = 7;
const SIZES = [1, 2, 4] as const;

const json = JSON.stringify;
const track = (id: string | number, more: object = {}): object => ({
  type: 'track',
  event: 'Viewed',
  userId: `user-${id}`,
  messageId: `id-${id}`,
  ...more,
});
const list = <Item>(count: number, item: (index: number) => Item): Item[] =>
  Array.from({ length: count }, (_, index) => item(index));
const keys = (count: number, length: number): object =>
  Object.fromEntries(list(count, (index) => [String(index).padStart(length, 'k'), 'x']));
const zipped = (value: unknown): string => gzipSync(json(value)).toString('base64');

const BOMB = zipped('0'.repeat(17_000_000));

/** The bodies of a batch by its size: twice the size, twice the input, and never more than the 6 MB of Lambda's largest batch. */
const DIMENSIONS: Readonly<Record<string, (size: number) => readonly string[]>> = {
  'events of a record': (size) => [json(list(2500 * size, (index) => track(index)))],
  'events of a record in gzip': (size) => [zipped(list(2500 * size, (index) => track(index)))],
  'identifies of one user': (size) => [
    json(
      list(4000 * size, (index) => ({ type: 'identify', userId: 'one', traits: { [`trait-${index % 50}`]: index } })),
    ),
  ],
  'elements that are no events': (size) => [json([track(0), ...list(80_000 * size, () => 0)])],
  'properties of an event': (size) => list(8, (index) => json(track(index, { properties: keys(2400 * size, 20) }))),
  'length of a key': (size) => list(20, (index) => json(track(index, { properties: keys(20, 3000 * size) }))),
  'length of a key over 20,000 values': (size) => [
    json(track(0, { properties: { ['k'.repeat(100_000 * size)]: list(20_000 * size, () => 1) } })),
  ],
  'length of a text': (size) =>
    list(20, (index) => json(track(index, { properties: { text: 'x'.repeat(60_000 * size) } }))),
  'depth of properties': (size) => [
    json(
      list(300, (index) =>
        track(index, { properties: JSON.parse('{"a":'.repeat(100 * size) + '1' + '}'.repeat(100 * size)) }),
      ),
    ),
  ],
  records: (size) => list(2500 * size, (index) => json(track(index))),
  'app ids': (size) => list(1000 * size, (index) => json(track(index, { context: { app: `app-${index}` } }))),
  'SNS messages in a record': (size) => [
    json(list(2500 * size, (index) => ({ Type: 'Notification', Message: json(track(index)) }))),
  ],
  'arrays in arrays': (size) => [json(list(6000 * size, (index) => [[[[track(index % 100)]]]]))],
  'gzip bombs': (size) => list(50 * size, () => BOMB),
  'dead letters': (size) => list(40 * size, () => json(list(50, () => ({ type: 'unknown' })))),
};

/**
 * Measures whether CPU time grows faster than the input. Each dimension is measured at 1, 2 and 4 times its size; the sizes
 * run in turns, and the fastest run of each counts, because only other work on the machine makes a run slower.
 */
export async function measure(): Promise<Row> {
  const measured: { readonly what: string; readonly growth: number; readonly times: readonly number[] }[] = [];
  for (const [what, bodiesOf] of Object.entries(DIMENSIONS)) {
    const batches = SIZES.map((size) => recordsOf(bodiesOf(size)));
    const times = SIZES.map(() => Infinity);
    for (let run = 0; run < RUNS; run += 1) {
      for (const [index, records] of batches.entries()) {
        times[index] = Math.min(times[index] ?? Infinity, await cpuMs({ Records: records }));
      }
    }
    const [once = 1, twice = 1, fourTimes = 1] = times;
    measured.push({ what, times, growth: Math.max(twice / once / 2, fourTimes / once / 4) });
  }
  const [worst] = measured.toSorted((a, b) => b.growth - a.growth);
  return {
    what: `Growth of CPU with the input, ${measured.length} dimensions at 1, 2 and 4 times their size`,
    measured: { what: `the fastest growth: ${worst?.what}`, unit: '× linear', value: worst?.growth ?? Number.NaN },
    baseline: { what: 'CPU in proportion to the input', unit: '× linear', value: 1 },
    goal: { of: 'measured', atMost: 2 },
    notes: measured.map(
      ({ what, growth, times }) => `${growth.toFixed(2)}  ${what}: ${times.map((ms) => Math.round(ms)).join(', ')} ms`,
    ),
  };
}

/** A new handler for each run: what one of them remembers must not change the next. */
async function cpuMs(event: Parameters<ReturnType<typeof createMeasuredHandler>['handle']>[0]): Promise<number> {
  const { handle } = createMeasuredHandler(SETTINGS_BY_EVENT, QUEUES);
  const before = process.cpuUsage();
  await handle(event);
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}

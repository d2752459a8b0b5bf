import { randomBytes } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { checkFiles } from '../../../cli/backfill/check.ts';
import { NOTHING_DONE } from '../../../cli/backfill/checkpoint.ts';
import { toMessages } from '../../../cli/backfill/to-messages.ts';
import { openHistory } from '../../../cli/history/open-history.ts';
import { DEFAULT_READ_OPTIONS } from '../../../cli/history/read-options.ts';
import { readSettings } from '../../../lib/rudderstack/settings.ts';
import { SQS_LIMITS } from '../../../lib/sqs/limits.ts';
import { fileOf } from '../../support/history.ts';

/** `--check` and `enqueue` read the same files. Nothing is sent: what counts is which messages there would be. */
const EVENT = { type: 'track', event: 'A', userId: 'u', messageId: 'm', timestamp: '2026-01-31T10:00:00.000Z' };
const text = JSON.stringify(EVENT);
const noise = (bytes: number): string => randomBytes(Math.ceil((bytes * 3) / 4)).toString('base64');
const withNoise = (bytes: number): string => JSON.stringify({ ...EVENT, properties: { noise: noise(bytes) } });

/** A dead letter whose body is what it was in the queue: an event, compressed. */
const compressed = (bytes: number): string =>
  JSON.stringify({ deadLetter: { reason: 'x' }, body: gzipSync(withNoise(bytes)).toString('base64') });

/** The lines that `enqueue` does not send. */
async function refusedByEnqueue(file: string): Promise<readonly number[]> {
  const lines: number[] = [];
  const { entries } = await openHistory(file, DEFAULT_READ_OPTIONS, () => undefined, Date.now());
  const messages = toMessages(entries, {
    file,
    skip: NOTHING_DONE,
    eventsPerMessage: 20,
    isFifo: false,
    onEntry: () => undefined,
    onBad: ({ item }) => void lines.push(item.line),
    badBytes: () => 0,
  });
  for await (const { bytes } of messages) expect(bytes).toBeLessThanOrEqual(SQS_LIMITS.bytes);
  return lines;
}

async function refusedByCheck(file: string): Promise<readonly number[]> {
  const options = { settings: readSettings({ appId: '1' }), reading: DEFAULT_READ_OPTIONS };
  const { causes } = await checkFiles([file], options, new AbortController().signal, () => undefined);
  return causes
    .filter(({ fate }) => fate === 'refused')
    .flatMap(({ places }) =>
      places.flatMap(({ lines }) => lines.flatMap(([from, to]) => (from === to ? [from] : [from, to]))),
    )
    .toSorted((a, b) => a - b);
}

test.each<[string, string, readonly number[]]>([
  ['an event of 1.6 MB that cannot be compressed', `${text}\n${withNoise(1_600_000)}\n${text}`, [2]],
  [
    'an event of 1.6 MB that can be',
    `${text}\n${JSON.stringify({ ...EVENT, properties: { a: 'a'.repeat(1.6e6) } })}`,
    [],
  ],
  ['an event of just under a message', `${withNoise(1_000_000)}\n${text}`, []],
  ['many events of 50 KB', Array.from({ length: 12 }, () => withNoise(50_000)).join('\n'), []],
  ['emojis, which are escaped', `${JSON.stringify({ ...EVENT, event: '🚀'.repeat(100_000) })}\n${text}`, []],
  ['emojis that are too many when escaped', `${JSON.stringify({ ...EVENT, event: emojis(400_000) })}\n${text}`, []],
  ['a dead letter with a compressed body', `${compressed(500_000)}\n${text}`, []],
  ['the same, too large for a message', `${compressed(1_500_000)}\n${text}`, [1]],
  ['a batch that is too large', `{"batch":[${withNoise(900_000)},${withNoise(900_000)}]}\n${text}`, [1]],
  ['characters that SQS refuses', `${JSON.stringify({ ...EVENT, event: '\uFFFF\u0001' })}\n${text}`, []],
  ['a line that is not JSON, and one that is nothing known', `${text}\n{oops\n{"a":1}`, [2, 3]],
  ['an event without a time', `${text}\n{"type":"track","event":"A","userId":"u"}`, [2]],
])('--check lists what enqueue would stop at: %s', async (_, content, lines) => {
  const file = fileOf(content);
  expect(await refusedByCheck(file)).toEqual(lines);
  expect(await refusedByEnqueue(file)).toEqual(lines);
});

/** Different ones, so that they do not compress to nothing. */
function emojis(count: number): string {
  return Array.from({ length: count }, (_, index) => String.fromCodePoint(0x1f300 + (index % 256))).join('');
}

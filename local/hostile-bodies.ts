import { gzipSync } from 'node:zlib';

/** The bodies of a batch that is made to use up the memory or the time of the function. */
export interface HostileBatch {
  readonly what: string;
  readonly bodies: () => readonly string[];
  /** What becomes of its events in one invocation: `delivered`, and reasons, in the order of the alphabet. */
  readonly ends: readonly string[];
}

const MEBI = 1024 * 1024;
/** About as much as an SQS message holds beside its attributes. */
const MESSAGE = MEBI - 4096;

const json = JSON.stringify;
/** Compressed quickly: what it unpacks to is what counts. */
const zip = (text: string): string => gzipSync(text, { level: 1 }).toString('base64');
const base64 = (text: string): string => Buffer.from(text).toString('base64');
const sns = (message: string): string => json({ Type: 'Notification', Message: message });
const nested = (depth: number): string => '['.repeat(depth) + ']'.repeat(depth);
const wrapped = (times: number, wrap: (text: string) => string, text: string): string =>
  Array.from({ length: times }, () => wrap).reduce((inner, one) => one(inner), text);

/** An array of about so many characters that holds one element again and again. */
function filled(element: string, characters: number): string {
  const others = Math.floor(characters / (element.length + 1)) - 1;
  return `[${`${element},`.repeat(Math.max(0, others))}${element}]`;
}

function listOf(count: number, element: (index: number) => string): string {
  return `[${Array.from({ length: count }, (_, index) => element(index)).join(',')}]`;
}

/** The same body in many messages. */
function many(count: number, body: string): readonly string[] {
  return Array.from({ length: count }, () => body);
}

const track = (id: string, more = ''): string =>
  `{"type":"track","event":"A","userId":"u-${id}","messageId":"${id}"${more}}`;
const identify = (user: string, index: number): string =>
  `{"type":"identify","userId":"${user}","traits":{"a${index % 100}":${index}}}`;
const withProperties = (id: string, properties: string): string => track(id, `,"properties":${properties}`);
const longKey = (id: string, key: string, values: number): string =>
  withProperties(id, `{"${key}":${filled('1', 2 * values)}}`);
const withTraits = (key: string, values: number): string =>
  `{"type":"identify","userId":"u","traits":{"${key}":${filled('1', 2 * values)}}}`;
const CONTROL = String.raw`\u0001`;

/** One record that is small or large, and much larger when it is read. */
const SINGLE: readonly (readonly [string, () => string, readonly string[]])[] = [
  ['a key of 135,000 characters over 67,500 traits', () => withTraits('k'.repeat(135_000), 67_500), ['no_traits']],
  [
    'a key of 135,000 characters over 67,500 properties',
    () => longKey('k', 'k'.repeat(135_000), 67_500),
    ['delivered'],
  ],
  ['a key of 500 characters over 67,500 properties', () => longKey('k', 'k'.repeat(500), 67_500), ['too_large']],
  [
    '80,000 different keys',
    () => withProperties('d', `{${Array.from({ length: 80_000 }, (_, index) => `"${index}":1`).join()}}`),
    ['too_large'],
  ],
  ['170,000 times the same key', () => withProperties('s', `{${many(170_000, '"a":1').join()}}`), ['delivered']],
  ['gzip of 4 MiB of zeros', () => zip(filled('0', 4 * MEBI)), ['too_large']],
  ['gzip of 15 MiB of zeros', () => zip(filled('0', 15 * MEBI)), ['too_large']],
  ['gzip of 15 MiB of opening brackets', () => zip('['.repeat(15 * MEBI)), ['too_large']],
  ['gzip of millions of arrays in arrays', () => zip(nested(7 * MEBI)), ['too_large']],
  ['gzip of 130,000 events', () => zip(listOf(130_000, (index) => track(`e-${index}`))), ['too_large']],
  [
    'gzip of 130,000 identifies of one user',
    () => zip(listOf(130_000, (index) => identify('one', index))),
    ['too_large'],
  ],
  [
    'gzip of 50,000 identifies of one user',
    () => zip(listOf(50_000, (index) => identify('one', index))),
    ['delivered'],
  ],
  ['gzip of 50,000 users', () => zip(listOf(50_000, (index) => identify(`u${index}`, index))), ['delivered']],
  ['gzip of a million empty objects', () => zip(filled('{}', 3_000_000)), ['too_large']],
  ['gzip of 15 MiB of spaces', () => zip(' '.repeat(15 * MEBI)), ['not_json']],
  ['gzip of 15 MiB of one letter', () => zip('A'.repeat(15 * MEBI)), ['not_json']],
  ['gzip of letters and spaces in turn', () => zip('A '.repeat(7 * MEBI)), ['not_json']],
  ['gzip of 100 MiB', () => zip('0'.repeat(100 * MEBI)), ['too_large']],
  ['gzip in gzip', () => zip(zip(filled('0', 15 * MEBI))), ['too_large']],
  ['gzip of a text of 15 MiB', () => zip(withProperties('t', `{"a":"${'x'.repeat(15 * MEBI)}"}`)), ['delivered']],
  ['gzip of two million escapes', () => zip(withProperties('c', `{"a":"${CONTROL.repeat(2 * MEBI)}"}`)), ['delivered']],
  [
    'gzip of a time with millions of digits',
    () => zip(track('time', `,"timestamp":"2026-01-01T00:00:00.${'1'.repeat(15 * MEBI)}x"`)),
    ['delivered'],
  ],
  [
    'gzip of events without ids',
    () =>
      zip(listOf(1000, (index) => `{"type":"track","event":"A","userId":"${index + 1}","x":"${'x'.repeat(12_000)}"}`)),
    ['delivered'],
  ],
  [
    'gzip of 20,000 SNS messages',
    () => zip(listOf(20_000, (index) => sns(identify(`u${index}`, index)))),
    ['delivered'],
  ],
  [
    'gzip of keys of control characters',
    () => zip(listOf(30, (index) => longKey(`k${index}`, CONTROL.repeat(490), 4200))),
    ['too_large'],
  ],
  ['350,000 empty arrays', () => filled('[]', MESSAGE), ['too_large']],
  [
    '400,000 numbers beside an event',
    () => `[${track('beside')},${filled('0', 800_000).slice(1)}`,
    ['delivered', 'no_event'],
  ],
  ['base64 of base64, eight times', () => wrapped(8, base64, filled('0', 90_000)), ['not_json']],
  ['base64 of base64, twelve times', () => wrapped(12, base64, filled('0', 20_000)), ['not_json']],
  ['SNS in SNS, seven times', () => wrapped(7, sns, track('sns')), ['delivered']],
  ['SNS in SNS, twelve times', () => wrapped(12, sns, track('sns')), ['no_event']],
  ['1 MiB of spaces', () => ' '.repeat(MESSAGE), ['not_json']],
];

/** What the records of a large batch are filled with, and what becomes of 6 messages of 1 MB and of 60 of 14 MiB in gzip. */
const FILLINGS: readonly (readonly [string, string, readonly string[], readonly string[]])[] = [
  ['zeros', '0', ['no_event'], ['no_room', 'too_large']],
  ['empty strings', '""', ['no_event'], ['no_room', 'too_large']],
  ['empty objects', '{}', ['no_room', 'too_large'], ['no_room', 'too_large']],
  ['empty arrays', '[]', ['no_room', 'too_large'], ['no_room', 'too_large']],
  ['arrays of zeros', '[0]', ['no_room', 'too_large'], ['no_room', 'too_large']],
  ['objects that are no events', '{"type":"x"}', ['no_room', 'too_large'], ['no_room', 'too_large']],
  ['an event', track('same'), ['delivered', 'no_room'], ['no_room', 'too_large']],
  ['an identify', identify('u', 1), ['delivered', 'no_room'], ['no_room', 'too_large']],
];

const LARGE: readonly (readonly [string, () => readonly string[], readonly string[]])[] = [
  ...FILLINGS.flatMap(([what, element, plain, zipped]): (typeof LARGE)[number][] => [
    [`6 messages of 1 MB of ${what}`, () => many(6, filled(element, 980_000)), plain],
    [`60 messages of 14 MiB of ${what} in gzip`, () => many(60, zip(filled(element, 14 * MEBI))), zipped],
  ]),
  ['2900 messages of 1000 zeros', () => many(2900, filled('0', 2000)), ['no_event']],
  ['2900 messages of 600 empty arrays', () => many(2900, filled('[]', 1800)), ['no_event', 'no_room']],
  ['9000 messages of 20,000 zeros in gzip', () => many(9000, zip(filled('0', 40_000))), ['no_event', 'no_room']],
  [
    '9000 messages of 800 identifies in gzip',
    () => many(9000, zip(filled(identify('u', 1), 40_000))),
    ['delivered', 'no_room'],
  ],
  ['long keys over many values, 6 MB', () => many(6, longKey('k', 'k'.repeat(500_000), 230_000)), ['delivered']],
  ['long keys over many traits, 6 MB', () => many(6, withTraits('k'.repeat(500_000), 230_000)), ['no_traits']],
  [
    'keys of 500 characters over many values, 6 MB',
    () => many(6, filled(longKey('k', 'k'.repeat(500), 4500), 950_000)),
    ['too_large'],
  ],
  [
    'keys of control characters, 2 MB',
    () => many(300, longKey('k', CONTROL.repeat(490), 2000)),
    ['delivered', 'no_room'],
  ],
  ['strings of escapes, 6 MB', () => many(6, withProperties('c', `{"a":"${CONTROL.repeat(160_000)}"}`)), ['delivered']],
  [
    'records of wide characters in gzip',
    () =>
      many(
        3,
        zip(listOf(5, (index) => withProperties(`w${index}`, `{"a":${filled(`"${'字'.repeat(1000)}"`, 900_000)}}`))),
      ),
    ['delivered'],
  ],
  ['200 gzip bombs', () => many(200, zip('0'.repeat(17 * MEBI))), ['no_room', 'too_large']],
  ['50 deeply nested arrays in gzip', () => many(50, zip(nested(7 * MEBI))), ['no_room', 'too_large']],
  [
    '3000 app ids',
    () =>
      Array.from({ length: 30 }, (_, body) =>
        listOf(100, (index) => track(`a${index}`, `,"context":{"app":"${body}-${index}"}`)),
      ),
    ['delivered'],
  ],
];

export const HOSTILE_BATCHES: readonly HostileBatch[] = [
  ...SINGLE.map(([what, body, ends]): HostileBatch => ({ what, bodies: () => [body()], ends })),
  ...LARGE.map(([what, bodies, ends]): HostileBatch => ({ what, bodies, ends })),
];

import { gzipSync } from 'node:zlib';
import type { SQSRecord } from 'aws-lambda';
import { createOutcomeCache } from '../../lib/forwarding/outcome-cache.ts';
import { prepare, type PreparedRecord } from '../../lib/forwarding/prepare.ts';
import { NO_CUTS } from '../../lib/mapping/flatten.ts';
import type { Mapped } from '../../lib/mapping/mapped.ts';
import { deferred, type Outcome } from '../../lib/outcome.ts';
import { INVOCATION_LIMITS, RECORD_LIMITS } from '../../lib/work-limits.ts';
import { userOf } from '../heap/calls.ts';
import { recordOf } from './processed.ts';

const MEBI = 1024 * 1024;

/** Maps an event to as many characters as it says. */
function mappedOf(name: string, characters: number): Mapped {
  const payload = { identity: 'u', event: name, properties: {}, idempotency_key: name };
  return { kind: 'mapped', call: { kind: 'track', appId: '1', payload }, cuts: NO_CUTS, characters };
}

const userCall = userOf('u', { a: 1 }).call;

function run(records: readonly SQSRecord[]) {
  const problems: unknown[] = [];
  let decided = 0;
  const { prepared, pending } = prepare(records, {
    decide(event) {
      decided += 1;
      if (event.event === 'broken') throw new Error('the mapping is broken');
      const mapped = mappedOf(String(event.event), Number(event['flat'] ?? 10));
      return event.type === 'identify' || event.type === 'group' ? { ...mapped, call: userCall } : mapped;
    },
    outcomeCache: createOutcomeCache(),
    clock: { now: () => 1_000_000, sleep: async () => undefined },
    listener: { onProblem: (_, error) => problems.push(error) },
  });
  const sent = pending.map(({ call }) => (call.kind === 'track' ? call.payload.event : ''));
  return { prepared, sent, problems, decided, words: prepared.map(wordOf) };
}

/** What has become of a record, in a word. */
function wordOf({ events }: PreparedRecord): string {
  const words = new Set(
    events.map((one) => ('call' in one ? 'pending' : 'reason' in one.outcome && one.outcome.reason)),
  );
  return [...words].join();
}

const event = (name: string, more: object = {}): string => JSON.stringify({ type: 'track', event: name, ...more });
const events = (name: string, count: number): string =>
  `[${Array.from({ length: count }, () => event(name)).join(',')}]`;
/** A compressed event with so many characters. */
const zipped = (name: string, characters: number): string =>
  gzipSync(event(name, { fill: 'x'.repeat(characters) })).toString('base64');
const ZIPPED_7 = zipped('a', 7 * MEBI);
const ZIPPED_14 = zipped('a', 14 * MEBI);
const good = (messageId: string): SQSRecord => recordOf(messageId, { body: event(messageId) });

describe('a record finds room', () => {
  test.each<[string, string]>([
    ['with as many characters as a record may have', zipped('a', 15 * MEBI)],
    ['with as many events as a record may have', events('a', RECORD_LIMITS.events)],
    ['with as many flat characters as a record may have', event('a', { flat: RECORD_LIMITS.flatCharacters })],
  ])('%s, when it is alone', (_, body) => {
    expect(run([recordOf('a', { body })]).words).toEqual(['pending']);
  });

  test.each<[string, string]>([
    ['many characters', zipped('h', 15 * MEBI)],
    ['many events', events('h', RECORD_LIMITS.events)],
    ['many events in little text', gzipSync(events('h', 40_000)).toString('base64')],
    ['many flat characters', event('h', { flat: RECORD_LIMITS.flatCharacters })],
    ['more than a record may have', gzipSync('0'.repeat(20 * MEBI)).toString('base64')],
    ['garbage that is large in memory', gzipSync(`[${'[],'.repeat(200_000)}0]`).toString('base64')],
  ])('beside any number of records with %s', (_, body) => {
    const hostile = Array.from({ length: 12 }, (__, index) => recordOf(`h${index}`, { body, sentAt: 1 }));
    const { words, prepared, problems } = run([good('first'), ...hostile, good('last')]);
    expect([words[0], words.at(-1)]).toEqual(['pending', 'pending']);
    expect(
      words.filter((word) => word === 'pending' || word === 'too_large' || word === 'no_event').length,
    ).toBeGreaterThan(2);
    expect(words).toContain('no_room');
    expect(prepared.map(({ record }) => record.messageId)).toEqual([
      'first',
      ...hostile.map((one) => one.messageId),
      'last',
    ]);
    expect(problems).toEqual([]);
  });

  test('when its events are as long as events usually are, whatever the others hold', () => {
    const list = `[${Array.from({ length: 300 }, () => event('p', { fill: 'x'.repeat(150) })).join(',')}]`;
    const bombs = [ZIPPED_7, gzipSync(events('b', 40_000)).toString('base64')];
    const records = Array.from({ length: 100 }, (_, index) => [
      recordOf(`b${index}`, { body: bombs[index % 2] ?? '' }),
      recordOf(`p${index}`, { body: list }),
    ]);
    const { prepared, words } = run(records.flat());
    const ofPlain = words.filter((_, index) => prepared[index]?.record.messageId.startsWith('p'));
    expect(new Set(ofPlain)).toEqual(new Set(['pending']));
  });
});

describe('what finds no room is deferred', () => {
  test('as a whole, the oldest last, and the further back, the longer', () => {
    const records = [40, 30, 10, 20].map((sentAt) => recordOf(`at-${sentAt}`, { body: ZIPPED_14, sentAt }));
    const { prepared } = run(records);
    expect(prepared.map(({ events: [first] }) => first?.outcome)).toMatchObject([
      { reason: 'no_room', retryAfterMs: 2000 },
      { reason: 'no_room', retryAfterMs: 1000 },
      { reason: 'internal_error' },
      { reason: 'internal_error' },
    ]);
    expect(prepared.map(({ events: all }) => all.length)).toEqual([1, 1, 1, 1]);
  });

  test('without being mapped again where it is known to need more, as the lists of a transformation do', () => {
    const flat = INVOCATION_LIMITS.flatCharacters / 16;
    const records = Array.from({ length: 200 }, (_, index) => recordOf(`r${index}`, { body: event('a', { flat }) }));
    const { words, decided } = run(records);
    expect(words.filter((word) => word === 'pending')).toHaveLength(16);
    expect(decided).toBe(200 + 16);
  });

  test('and comes through in the end, however many there are', () => {
    let left = Array.from({ length: 12 }, (_, index) => recordOf(`r${index}`, { body: ZIPPED_14, sentAt: index + 1 }));
    for (let invocation = 0; left.length > 0; invocation += 1) {
      const { words } = run(left);
      expect(words[0]).toBe('pending');
      left = left.filter((_, index) => words[index] === 'no_room');
    }
  });

  test.each<[string, readonly string[], number]>([
    ['characters', Array.from({ length: 10 }, () => ZIPPED_7), Math.floor(INVOCATION_LIMITS.characters / (7 * MEBI))],
    ['events', Array.from({ length: 10 }, () => events('a', 10_000)), Math.floor(INVOCATION_LIMITS.events / 10_000)],
    [
      'flat characters',
      Array.from({ length: 10 }, () => event('a', { flat: 3 * MEBI })),
      Math.floor(INVOCATION_LIMITS.flatCharacters / (3 * MEBI)),
    ],
  ])('the sum of %s in an invocation is limited', (_, bodies, most) => {
    const { words } = run(bodies.map((body, index) => recordOf(`r${index}`, { body })));
    const prepared = words.filter((word) => word === 'pending').length;
    // The first of the last round always finds room.
    expect([most, most + 1]).toContain(prepared);
  });

  test('work for records that are put off is bounded: they are not mapped once for each of them', () => {
    const bodies = Array.from({ length: 50 }, () => events('a', 5000));
    const { decided } = run(bodies.map((body, index) => recordOf(`r${index}`, { body })));
    expect(decided).toBeLessThan(4 * INVOCATION_LIMITS.events);
  });
});

describe('a record that is mapped to too much is rejected as a whole', () => {
  test.each([
    ['at the limit', 0, 'pending'],
    ['above the limit', 1, 'too_large'],
  ])('%s', (_, more, expected) => {
    const half = RECORD_LIMITS.flatCharacters / 2;
    const body = `[${event('a', { flat: half })},${event('b', { flat: half + more })}]`;
    const { prepared, words } = run([recordOf('a', { body }), good('b')]);
    expect(words).toEqual([expected, 'pending']);
    expect(prepared[0]?.events.length).toBe(expected === 'pending' ? 2 : 1);
    const [first] = prepared[0]?.events ?? [];
    expect(first?.text()).toBe(expected === 'pending' ? body.slice(1, body.indexOf('},{') + 1) : body);
  });
});

describe('the order of sending', () => {
  const many = events('many', 2000);
  const more = events('more', 3000);
  test('puts records with many events behind the others', () => {
    const { sent } = run([recordOf('a', { body: more }), recordOf('b', { body: many }), good('c'), good('d')]);
    expect([...new Set(sent)]).toEqual(['c', 'd', 'many', 'more']);
  });

  test('is that of the records on a FIFO queue', () => {
    const groupId = 'g';
    const { sent } = run([recordOf('a', { body: more, groupId }), recordOf('b', { body: event('b'), groupId })]);
    expect([...new Set(sent)]).toEqual(['more', 'b']);
  });
});

test('a record that cannot be prepared goes back, and the others are prepared', () => {
  const { words, problems } = run([recordOf('a', { body: event('broken') }), good('b')]);
  expect(words).toEqual(['internal_error', 'pending']);
  expect(problems).toHaveLength(1);
});

test.each([
  ['track', true],
  ['page', true],
  ['screen', true],
  ['identify', false],
  ['group', false],
])('%s: whether Heap orders it by its own time is %s', (type, isTrack) => {
  const { prepared } = run([recordOf('m', { body: JSON.stringify({ type, event: 'a' }) })]);
  expect(prepared.flatMap(({ events: of }) => of.map((one) => one.isTrack))).toEqual([isTrack]);
});

describe('with a transformation', () => {
  const preparedWith = (decided: Mapped, outcome?: Outcome) => {
    const outcomeCache = createOutcomeCache();
    const record = good('m');
    if (outcome !== undefined) {
      const waiting = deferred('heap_error', '');
      outcomeCache.note({
        record,
        events: [outcome, waiting].map((one) => ({
          outcome: one,
          text: () => '',
          eventMessageId: undefined,
          isTrack: true,
        })),
      });
    }
    const { prepared, pending } = prepare([record], {
      decide: () => decided,
      isTransforming: true,
      outcomeCache,
      clock: { now: () => 1_000_000, sleep: async () => undefined },
      listener: { onProblem: () => undefined },
    });
    return { isTrack: prepared[0]?.events[0]?.isTrack, pending };
  };

  test('it is what an event is sent as that decides whether Heap orders it by its own time', () => {
    expect(preparedWith(mappedOf('a', 1)).isTrack).toBe(true);
    expect(preparedWith({ ...mappedOf('a', 1), call: userCall }).isTrack).toBe(false);
    expect(preparedWith({ ...mappedOf('a', 1), also: [userCall] }).isTrack).toBe(false);
    expect(preparedWith({ ...mappedOf('a', 1), also: [mappedOf('b', 1).call] }).isTrack).toBe(true);
    // It is no longer known what it was sent as.
    expect(preparedWith(mappedOf('a', 1), { kind: 'delivered' }).isTrack).toBe(false);
  });

  test('calls that are delivered already have that outcome, and the others what was found out about them', () => {
    const delivered = { kind: 'delivered' } as const;
    const calls = [{ outcome: delivered }, {}, { mostEntries: 4, refusedAloneAt: 7 }];
    const decided = { ...mappedOf('a', 1), also: [userCall, userCall] };
    const [one] = preparedWith(decided, { ...deferred('heap_error', ''), calls }).pending;
    expect(one).toMatchObject({
      outcome: delivered,
      also: [{ outcome: { kind: 'deferred' } }, { outcome: { kind: 'deferred' }, mostEntries: 4, refusedAloneAt: 7 }],
    });
  });
});

import type { HeapUser } from '../../lib/heap/api.ts';
import { EVENT, eventOf, identityOf, markOf, userOf, type MarkedEvent, type Run } from './marks.ts';
import type { Outcome } from './outcome.ts';
import { brokenRequest, bulkRequest, type ContractRequest, type Endpoint } from './request.ts';
import {
  BAD_POSITIONS,
  readBadEntry,
  readCompression,
  readNaming,
  readRefusal,
  readSecondRefusal,
  readShortKey,
  readTooMany,
  type Verdict,
} from './verdict.ts';

/** What a person has to look for in Heap, because no answer tells. */
export interface Look {
  readonly kind: 'event' | 'user';
  readonly identity: string;
  /** The value of its property `contract_check`. */
  readonly mark: string;
  /** What it means. */
  readonly tells: string;
  /** The request that has sent it, counted from 0, and the outcome after which it is worth a look. */
  readonly request: number;
  readonly after: Outcome['kind'];
}

/** A question that Heap's documentation leaves open. */
export interface Question {
  readonly id: string;
  /** A sentence that can be answered by yes or no. */
  readonly asks: string;
  /** The endpoint that is asked. */
  readonly kind: Endpoint;
  readonly requests: (run: Run) => readonly ContractRequest[];
  /** Called with an outcome for each request, and only if each one has one. */
  readonly read: (outcomes: readonly Outcome[], run: Run) => Verdict;
  readonly looks: (run: Run) => readonly Look[];
}

/**
 * All questions, in the order in which they are asked: those first whose answers matter most, should the check end early.
 *
 * Entries are numbered from 0. No entry has a `user_id`, and no identity can be a real person's.
 */
export const QUESTIONS: readonly Question[] = [
  {
    id: 'one-bad-entry',
    asks: 'Is a bulk request refused when one of its events is bad (it has no identity)?',
    kind: 'track',
    requests: (run) => {
      const good = (part: string): MarkedEvent => eventOf(run, 'one-bad-entry', part);
      return [
        bulkRequest('the bad event alone', run.appId, [withoutIdentity(good('bad'))]),
        bulkRequest('between two good ones', run.appId, [good('before'), withoutIdentity(good('bad')), good('after')]),
      ];
    },
    read: readBadEntry,
    looks: (run) => partialLooks(run, 'event', 'one-bad-entry'),
  },
  {
    id: 'one-bad-user',
    asks: 'Is a bulk request of user properties refused when one of its users is bad (it has no identity)?',
    kind: 'add_user_properties',
    requests: (run) => {
      const good = (part: string): HeapUser => ({
        ...userOf(run, 'one-bad-user', part),
        identity: identityOf(run, `one-bad-user-${part}`),
      });
      const kind = 'add_user_properties';
      const bad = withoutIdentity(good('bad'));
      return [
        bulkRequest('the bad user alone', run.appId, [bad], { kind }),
        bulkRequest('between two good ones', run.appId, [good('before'), bad, good('after')], { kind }),
      ];
    },
    read: readBadEntry,
    looks: (run) => partialLooks(run, 'user', 'one-bad-user'),
  },
  {
    id: 'names-bad-entry',
    asks: 'Does the answer to a refused bulk request say which entry is bad?',
    kind: 'track',
    requests: (run) =>
      BAD_POSITIONS.map((position) => {
        const entries = Array.from({ length: 9 }, (_, index): object => {
          const event = eventOf(run, 'names-bad-entry', index === position ? `bad-at-${position}` : `good-${index}`);
          return index === position ? withoutIdentity(event) : event;
        });
        return bulkRequest(`9 events, that at ${position} is bad`, run.appId, entries);
      }),
    read: (outcomes, run) => {
      const [first, second] = BAD_POSITIONS;
      const mark = (position: number): string => markOf(run, 'names-bad-entry', `bad-at-${position}`);
      return readNaming(outcomes, [mark(first), mark(second)]);
    },
    looks: () => [],
  },
  ofEvent('null-property', 'with null as the value of a property', {
    change: (event) => withProperties(event, { nothing: null }),
    tells: 'Missing: the whole event is dropped. There: look whether it has a property `nothing`.',
  }),
  {
    id: 'null-user-property',
    asks: 'Is a user with null as the value of a property refused?',
    kind: 'add_user_properties',
    requests: (run) => {
      const user = withProperties(userOf(run, 'null-user-property'), { nothing: null });
      return [bulkRequest('null', run.appId, [user], { kind: 'add_user_properties' })];
    },
    read: readRefusal,
    looks: (run) => [
      {
        ...lookFor(run, 'null-user-property', 'user'),
        tells: 'Missing: the whole user is dropped. There: look whether it has a property `nothing`.',
      },
    ],
  },
  ofEvent('empty-property-name', 'with a property whose name is empty', {
    change: (event) => withProperties(event, { '': 'unnamed' }),
    tells: 'Missing: the whole event is dropped. There: only the property without a name can be.',
  }),
  ofEvent('boolean-property', 'with true as the value of a property', {
    change: (event) => withProperties(event, { is_boolean: true }),
    tells: 'Look at its property `is_boolean`: a boolean, a text, or not there.',
  }),
  ofEvent('nested-property', 'with an object as the value of a property', {
    change: (event) => withProperties(event, { nested: { inner: 'text' } }),
    tells: 'Missing: the whole event is dropped. There: look whether `nested` or `nested.inner` is.',
  }),
  ofEvent('text-of-1024', 'with a text of 1024 characters (the documentation says “fewer than 1024”)', {
    change: (event) => withProperties(event, { long_text: longText(1024) }),
    tells: 'Look whether its property `long_text` ends with “end”, was cut, or is not there.',
  }),
  ofEvent('text-of-5000', 'with a text of 5000 characters', {
    change: (event) => withProperties(event, { long_text: longText(5000) }),
    tells: 'Look whether its property `long_text` ends with “end”, was cut, or is not there.',
  }),
  ofEvent('property-name-of-513', 'with a property name of 513 characters (Heap’s Swift SDK takes 512)', {
    change: (event) => withProperties(event, { [longText(513)]: 'kept' }),
    tells: 'Look whether its long property (the value is “kept”) is there.',
  }),
  ofEvent(
    'property-name-of-1024',
    'with a property name of 1024 characters (the documentation says “fewer than 1024”)',
    {
      change: (event) => withProperties(event, { [longText(1024)]: 'kept' }),
      tells: 'Look whether its long property (the value is “kept”) is there.',
    },
  ),
  ofEvent('event-name-of-1025', 'with a name of 1025 characters', {
    change: (event) => ({ ...event, event: `${EVENT} ${longText(1025 - EVENT.length - 1)}` }),
    tells: 'It has a name of its own. Missing: it is dropped. There: look whether the name was cut.',
  }),
  ofEvent('identity-of-256', 'with an identity of 256 characters', {
    change: (event) => ({ ...event, identity: event.identity.padEnd(256, 'x') }),
    tells: 'Missing: it is dropped. There: look whether the identity was cut.',
  }),
  ofEvent('number-identity', 'with a number as identity', {
    // Microseconds: no person has this number.
    change: (event, { startedAt }) => ({ ...event, identity: startedAt * 1000 + 1 }),
    tells: 'Missing: it is dropped. There: numbers are taken as text.',
  }),
  {
    id: 'short-key',
    asks: 'Is an idempotency key of 7 characters refused (others say that 8 are needed)?',
    kind: 'track',
    requests: (run) =>
      ['first', 'second'].map((part) =>
        bulkRequest(`the ${part} event with the key`, run.appId, [
          { ...eventOf(run, 'short-key', part), idempotency_key: run.id },
        ]),
      ),
    read: readShortKey,
    looks: (run) =>
      repeatedLooks(run, 'short-key', 'Both there: a short key is ignored. Only the first one: it counts.'),
  },
  {
    id: 'same-key',
    asks: 'Is an event refused whose idempotency key Heap has already seen?',
    kind: 'track',
    requests: (run) =>
      ['first', 'second'].map((part) =>
        bulkRequest(`the ${part} event with the key`, run.appId, [sameKey(run, 'same-key', part)]),
      ),
    read: readSecondRefusal,
    looks: (run) => repeatedLooks(run, 'same-key', 'Only the first one should be there.'),
  },
  {
    id: 'same-key-in-one-request',
    asks: 'Is a bulk request refused in which two events have the same idempotency key?',
    kind: 'track',
    requests: (run) => {
      const events = ['first', 'second'].map((part) => sameKey(run, 'same-key-in-one-request', part));
      return [bulkRequest('two events with one key', run.appId, events)];
    },
    read: readRefusal,
    looks: (run) =>
      repeatedLooks(run, 'same-key-in-one-request', 'Which ones are there: the first one only, or both?', 0),
  },
  {
    id: 'same-key-of-another',
    asks: 'Is an event refused whose idempotency key Heap has already seen with another identity?',
    kind: 'track',
    requests: (run) =>
      ['first', 'second'].map((part) =>
        bulkRequest(`the event of the ${part} identity`, run.appId, [sameKeyOfAnother(run, part)]),
      ),
    read: readSecondRefusal,
    looks: (run) =>
      repeatedLooks(
        run,
        'same-key-of-another',
        'Both there: keys count for each user. Only the first one: for the app.',
      ).map((look, index) => ({ ...look, identity: sameKeyOfAnother(run, index === 0 ? 'first' : 'second').identity })),
  },
  ofEvent('unreadable-timestamp', 'whose timestamp is no time (“soon”)', {
    change: (event) => ({ ...event, timestamp: 'soon' }),
    tells: 'Missing: it is dropped. There: look at its time.',
  }),
  ofEvent('number-timestamp', 'whose timestamp is a number (ms since 1970)', {
    change: (event, { startedAt }) => ({ ...event, timestamp: startedAt }),
    tells: 'Missing: it is dropped. There: look at its time.',
  }),
  ofEvent('past-timestamp', 'of the year 1990', {
    change: (event) => ({ ...event, timestamp: '1990-01-01T00:00:00.000Z' }),
    tells: 'Look for it in 1990 as well as today.',
  }),
  ofEvent('future-timestamp', 'of next year', {
    change: (event, { startedAt }) => ({ ...event, timestamp: new Date(startedAt + MS_PER_YEAR).toISOString() }),
    tells: 'Look for it in a year as well as today.',
  }),
  ofEvent('unknown-field', 'with a field that Heap does not know', {
    change: (event) => ({ ...event, contract_note: 'unknown' }),
    tells: 'Missing: it is dropped.',
  }),
  {
    id: 'unknown-field-of-request',
    asks: 'Is a bulk request refused that has a field that Heap does not know, beside `app_id` and `events`?',
    kind: 'track',
    requests: (run) => {
      const event = eventOf(run, 'unknown-field-of-request');
      return [bulkRequest('one field more', run.appId, [event], { more: { contract_note: 'unknown' } })];
    },
    read: readRefusal,
    looks: (run) => [{ ...lookFor(run, 'unknown-field-of-request', 'event'), tells: 'Missing: it is dropped.' }],
  },
  {
    id: 'empty-list',
    asks: 'Is a bulk request without any event refused?',
    kind: 'track',
    requests: ({ appId }) => [bulkRequest('no event', appId, [])],
    read: readRefusal,
    looks: () => [],
  },
  {
    id: 'gzip',
    asks: 'Is a body that is compressed with gzip unpacked?',
    kind: 'track',
    requests: (run) => [
      bulkRequest('a good event, compressed', run.appId, [eventOf(run, 'gzip')], { isCompressed: true }),
      brokenRequest('a body that is not JSON, compressed', 'track', true),
    ],
    read: readCompression,
    looks: (run) => [{ ...lookFor(run, 'gzip', 'event'), tells: 'There: compressed bodies can be sent.' }],
  },
  ofAppId('unknown-app-id', 'of 14 digits that no environment has', '99999999999999'),
  ofAppId('malformed-app-id', 'that is not a number (`contract-check`)', 'contract-check'),
  {
    id: 'over-1000',
    asks: 'Is a bulk request of 1001 events refused?',
    kind: 'track',
    requests: (run) =>
      [1000, 1001].map((count) =>
        bulkRequest(`${count} events`, run.appId, manyEvents(run, count), { isRepeated: false }),
      ),
    read: readTooMany,
    looks: (run) => [
      {
        ...lookFor(run, 'over-1000', 'event', 'last'),
        request: 1,
        tells: 'It is the 1001st event. There: all are stored. Missing: those above 1000 are dropped.',
      },
    ],
  },
];

const MS_PER_YEAR = 365 * 86_400_000;
/** The events of a large request are of several users, because Heap takes 1000 of one a minute. */
const USERS_OF_LARGE_REQUEST = 5;

interface EventQuestion {
  /** Makes the event that is asked about out of a good one. */
  readonly change: (event: MarkedEvent, run: Run) => HeapEventLike;
  readonly tells: string;
}

/** An event that need not follow Heap's rules. */
interface HeapEventLike {
  readonly identity: string | number;
}

/** A question about one event that differs from a good one in one thing. */
function ofEvent(id: string, what: string, { change, tells }: EventQuestion): Question {
  const eventFor = (run: Run): HeapEventLike => change(eventOf(run, id), run);
  return {
    id,
    asks: `Is an event ${what} refused?`,
    kind: 'track',
    requests: (run) => [bulkRequest(what, run.appId, [eventFor(run)])],
    read: readRefusal,
    looks: (run) => [{ ...lookFor(run, id, 'event'), identity: String(eventFor(run).identity), tells }],
  };
}

function ofAppId(id: string, what: string, appId: string): Question {
  return {
    id,
    asks: `Is a request refused with an app id ${what}?`,
    kind: 'track',
    requests: (run) => [bulkRequest('a good event', appId, [eventOf(run, id)])],
    read: readRefusal,
    looks: () => [],
  };
}

function withProperties<Entry extends MarkedEvent | HeapUser>(entry: Entry, more: object): Entry {
  return { ...entry, properties: { ...entry.properties, ...more } };
}

function withoutIdentity(entry: MarkedEvent | HeapUser): object {
  return { ...entry, identity: undefined };
}

function longText(length: number): string {
  return `${'long '.repeat(length).slice(0, length - 3)}end`;
}

function sameKey(run: Run, question: string, part: string): MarkedEvent {
  return { ...eventOf(run, question, part), idempotency_key: eventOf(run, question).idempotency_key };
}

function sameKeyOfAnother(run: Run, part: string): MarkedEvent {
  return { ...sameKey(run, 'same-key-of-another', part), identity: identityOf(run, `same-key-of-another-${part}`) };
}

/** All but the 1001st share a key for each user, so that Heap stores as few of them as it can. */
function manyEvents(run: Run, count: number): readonly MarkedEvent[] {
  return Array.from({ length: count }, (_, index) => {
    if (index === 1000) return eventOf(run, 'over-1000', 'last');
    const user = `over-1000-user-${index % USERS_OF_LARGE_REQUEST}`;
    return { ...eventOf(run, user), properties: { contract_check: markOf(run, 'over-1000') } };
  });
}

function lookFor(run: Run, question: string, kind: Look['kind'], part?: string): Omit<Look, 'tells'> {
  const mark = markOf(run, question, part);
  return { kind, identity: identityOf(run, question), mark, request: 0, after: 'accepted' };
}

/** Where to look after a bulk request with a good entry before and after a bad one. */
function partialLooks(run: Run, kind: Look['kind'], question: string): readonly Look[] {
  return ['before', 'after'].flatMap((part): readonly Look[] => {
    const identity = identityOf(run, kind === 'user' ? `${question}-${part}` : question);
    const look = { ...lookFor(run, question, kind, part), identity, request: 1 };
    const tells = `The good one ${part} the bad one.`;
    return [
      {
        ...look,
        after: 'refused',
        tells: `${tells} There: a refused request is stored in part. Missing: it is atomic.`,
      },
      {
        ...look,
        after: 'accepted',
        tells: `${tells} There: only the bad one is dropped. Missing: the request is lost.`,
      },
    ];
  });
}

/** Where to look after two events with the same key. */
function repeatedLooks(run: Run, question: string, tells: string, secondRequest = 1): readonly Look[] {
  return ['first', 'second'].map((part, index) => ({
    ...lookFor(run, question, 'event', part),
    request: index === 0 ? 0 : secondRequest,
    tells: `The ${part} one. ${tells}`,
  }));
}

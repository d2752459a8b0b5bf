import { parseJson, parseJsonToPassOn } from '../../lib/exact-json.ts';
import { isObject } from '../../lib/json.ts';
import { toMessages } from '../../lib/ingest/events/to-messages.ts';
import { stampEvent } from '../../lib/ingest/events/stamp.ts';
import { readIdentity } from '../../lib/mapping/identity.ts';
import { messageGroupOf } from '../../lib/rudderstack/message-group.ts';

const SETTINGS = { placeholderIds: new Set<string>(), anonymousEvents: 'identity' } as const;

/** Events of one person, as a phone, a laptop, a server and a table of a warehouse send them. */
const OF_ONE_PERSON = [
  { type: 'track', event: 'A', userId: 'u-1', anonymousId: 'phone' },
  { type: 'track', event: 'A', userId: ' u-1', anonymousId: 'laptop' },
  { type: 'identify', userId: 'u-1' },
  { type: 'track', event: 'A', userId: 'undefined', context: { traits: { id: 'u-1' } }, anonymousId: 'tablet' },
  { type: 'identify', traits: { userId: 'u-1' } },
];

test('all events of one person in Heap are in one message group', () => {
  for (const event of OF_ONE_PERSON) {
    expect(readIdentity(event, SETTINGS)).toEqual({ kind: 'identity', identity: 'u-1' });
  }
  expect(new Set(OF_ONE_PERSON.map(messageGroupOf)).size).toBe(1);
});

test('other people, and events of nobody, are in other groups', () => {
  const others = [
    { type: 'track', userId: 'u-2' },
    { type: 'track', anonymousId: 'phone' },
    { type: 'track', messageId: 'm-1' },
    { type: 'track', messageId: 'm-2' },
    { type: 'track', userId: 1 },
  ];
  expect(new Set([...OF_ONE_PERSON, ...others].map(messageGroupOf)).size).toBe(1 + others.length);
});

test('an id with many digits is the same in an event that is read, and in one that is passed on', () => {
  const text = '{"type":"track","event":"A","userId":9007199254740993}';
  const ids = [parseJson(text), parseJsonToPassOn(text)].map((event) => messageGroupOf(isObject(event) ? event : {}));
  expect(new Set([...ids, messageGroupOf({ userId: '9007199254740993' })]).size).toBe(1);
});

test('an event that is sent again has the same group', () => {
  const event = { type: 'track', event: 'A', messageId: 'm-1' };
  const received = (receivedAtMs: number) =>
    stampEvent(event, { receivedAtMs, requestIp: '1.1.1.1', sentAt: undefined, newMessageId: () => 'new' });
  expect(messageGroupOf(received(2000))).toBe(messageGroupOf(received(1000)));
});

test('the HTTP endpoint uses it on a FIFO queue', () => {
  const reception = { receivedAtMs: 1000, requestIp: '1.1.1.1', sentAt: undefined, newMessageId: () => 'new' };
  const { messages } = toMessages(
    OF_ONE_PERSON.map((event) => stampEvent(event, reception)),
    true,
  );
  expect(messages.map(({ groupId }) => groupId)).toEqual(OF_ONE_PERSON.slice(0, 1).map(messageGroupOf));
});

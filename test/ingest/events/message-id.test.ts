import * as fc from 'fast-check';
import type { RudderStackEvent } from '../../../lib/rudderstack/event.ts';
import { messageIdsOf } from '../../../lib/ingest/events/message-id.ts';

const NOW = Date.parse('2026-11-23T10:00:00Z');
const HOUR = 3_600_000;
const idsOf = (events: readonly RudderStackEvent[], at = NOW): readonly string[] => {
  const idOf = messageIdsOf(at);
  return events.map(idOf);
};
const event = {
  type: 'track',
  userId: 'u',
  event: 'A',
  properties: { a: 1 },
  originalTimestamp: '2026-11-23T09:00:00Z',
};
const timeless = { type: 'track', userId: 'u', event: 'A' };

test('an id has the form of a UUID', () => {
  expect(idsOf([event])[0]).toMatch(/^[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}$/);
});

test.each<[string, RudderStackEvent, boolean]>([
  ['the same event', { ...event }, true],
  ['sent at another time', { ...event, sentAt: '2026-11-24T00:00:00Z' }, true],
  ['received before', { ...event, receivedAt: '2026-11-24T00:00:00Z' }, true],
  ['an id that is blank', { ...event, messageId: ' ' }, true],
  ['another name', { ...event, event: 'B' }, false],
  ['another property', { ...event, properties: { a: 2 } }, false],
  ['another user', { ...event, userId: 'v' }, false],
  ['another type', { ...event, type: 'identify' }, false],
  ['another context', { ...event, context: { ip: '192.0.2.1' } }, false],
  ['another time', { ...event, originalTimestamp: '2026-11-23T09:00:01Z' }, false],
  ['a timestamp', { ...event, timestamp: '2026-11-23T09:00:00Z' }, false],
])('a copy has the same id, and another event another one: %s', (_, other, isCopy) => {
  expect(idsOf([other], NOW + 100 * HOUR)[0] === idsOf([event])[0]).toBe(isCopy);
});

test('equal events of one request are several, and stay the same ones when the request is repeated', () => {
  const batch = [event, timeless, event, { ...event, sentAt: 'later' }];
  const ids = idsOf(batch);
  expect(new Set(ids).size).toBe(4);
  expect(idsOf(batch)).toEqual(ids);
});

test.each<[string, RudderStackEvent, number, boolean]>([
  ['a minute later', timeless, NOW + 60_000, true],
  ['in the next hour', timeless, NOW + HOUR, false],
  ['with times that are empty', { ...timeless, timestamp: '', originalTimestamp: null }, NOW + HOUR, false],
  ['with a time of its own', { ...timeless, timestamp: 1_700_000_000_000 }, NOW + HOUR, true],
])('an event without a time of its own is the same within the hour of its arrival: %s', (_, one, later, isSame) => {
  expect(idsOf([one], later)[0] === idsOf([one])[0]).toBe(isSame);
});

test('whatever a batch holds, a repetition has the same ids, and no two events of a batch have the same one', () => {
  const fields = fc.record({
    event: fc.constantFrom('A', 'B'),
    properties: fc.jsonValue(),
    timestamp: fc.constantFrom('t', 'u'),
  });
  fc.assert(
    fc.property(fc.array(fields), fc.integer({ min: 0, max: 2 ** 45 }), fc.string(), (batch, laterMs, sentAt) => {
      const ids = idsOf(batch);
      const again = batch.map((one) => ({ ...one, sentAt }));
      expect(idsOf(again, laterMs)).toEqual(ids);
      expect(new Set(ids).size).toBe(batch.length);
    }),
  );
});

import type { JsonObject } from '../../../lib/json.ts';
import { hasUnreadableTime, stampEvent, type Reception } from '../../../lib/ingest/events/stamp.ts';

const reception: Reception = {
  receivedAtMs: Date.parse('2026-11-23T10:00:00.000Z'),
  sentAt: undefined,
  requestIp: '192.0.2.7',
  newMessageId: () => 'new-id',
};

describe('what the gateway adds', () => {
  test('is all there is, for an event without anything', () => {
    expect(stampEvent({ userId: 'u-1' }, reception)).toEqual({
      userId: 'u-1',
      messageId: 'new-id',
      // printf 'u-1:' | md5sum
      rudderId: 'b421bc08-5bfb-edfd-405a-58dcb94a1115',
      request_ip: '192.0.2.7',
      receivedAt: '2026-11-23T10:00:00.000Z',
      originalTimestamp: '2026-11-23T10:00:00.000Z',
      sentAt: '2026-11-23T10:00:00.000Z',
      timestamp: '2026-11-23T10:00:00.000Z',
    });
  });

  test('a write key in the event is removed, so that it does not get into the queue', () => {
    const stamped = stampEvent({ userId: 'u-1', writeKey: 'k', properties: { writeKey: 'a property' } }, reception);
    expect(stamped).not.toHaveProperty('writeKey');
    expect(stamped).toMatchObject({ userId: 'u-1', properties: { writeKey: 'a property' } });
  });

  test.each([
    ['m-1', 'm-1'],
    [' m-1 ', 'm-1'],
    [17, '17'],
    ['\u200Bm-\u00001\uFEFF', 'm-1'],
    ['\u200B\u3164', 'new-id'],
    ['', 'new-id'],
    ['  ', 'new-id'],
    [null, 'new-id'],
    [{ id: 1 }, 'new-id'],
  ])('messageId %j becomes %s', (messageId, expected) => {
    expect(stampEvent({ messageId }, reception).messageId).toBe(expected);
  });

  test('an event without an id is handed over to make one, and an event with one is not', () => {
    const asked: unknown[] = [];
    const newMessageId = (event: object): string => `id-${asked.push(event)}`;
    const ids = [{ a: 1 }, { messageId: 'm' }, { a: 1 }].map(
      (event) => stampEvent(event, { ...reception, newMessageId }).messageId,
    );
    expect([ids, asked]).toEqual([
      ['id-1', 'm', 'id-2'],
      [{ a: 1 }, { a: 1 }],
    ]);
  });

  test('includes a rudderId of our own, the same for the same user however the id is written', () => {
    const of = (event: object): string => stampEvent({ ...event, rudderId: 'theirs' }, reception).rudderId;
    expect(of({ userId: 7, anonymousId: ' a\u200b ' })).toBe(of({ userId: '7', anonymousId: 'a' }));
    expect(of({ userId: 'a' })).not.toBe(of({ anonymousId: 'a' }));
    expect(of({ userId: 'a' })).not.toBe('theirs');
  });

  test('does not replace what an earlier RudderStack server has added', () => {
    const stamped = stampEvent({ request_ip: '203.0.113.9', receivedAt: '2026-11-20T01:02:03.004+02:00' }, reception);
    expect(stamped).toMatchObject({ request_ip: '203.0.113.9', receivedAt: '2026-11-20T01:02:03.004+02:00' });
  });

  test('leaves everything else as it came', () => {
    const event = { type: 'track', userId: ' 7 ', properties: { a: [1, null, { b: 'ü' }] }, context: { x: 1 } };
    expect(stampEvent(event, reception)).toMatchObject(event);
  });
});

describe('the corrected timestamp of an event with', () => {
  test.each([
    [
      'a clock that is a year ahead',
      { originalTimestamp: '2027-11-23T09:59:00Z', sentAt: '2027-11-23T10:00:00Z' },
      '2026-11-23T09:59:00.000Z',
    ],
    [
      'a clock in another zone',
      { originalTimestamp: '2026-11-23T15:29:00+05:30', sentAt: '2026-11-23T15:30:00+05:30' },
      '2026-11-23T09:59:00.000Z',
    ],
    [
      'no sentAt is that of the device’s clock',
      { originalTimestamp: '2026-11-23T08:00:00Z' },
      '2026-11-23T08:00:00.000Z',
    ],
    ['no originalTimestamp', { sentAt: '2026-11-23T09:00:00Z' }, '2026-11-23T11:00:00.000Z'],
    ['times that are not times', { originalTimestamp: 'now', sentAt: 5 }, '2026-11-23T10:00:00.000Z'],
    [
      'times at the two ends of the calendar',
      { originalTimestamp: '0001-01-02', sentAt: '9998-01-01' },
      '2026-11-23T10:00:00.000Z',
    ],
    [
      'a timestamp of its own',
      { timestamp: '2020-01-01T00:00:00+02:00', originalTimestamp: '2027-01-01', sentAt: '2027-01-02' },
      '2020-01-01T00:00:00.000+02:00',
    ],
    [
      'a timestamp that cannot be true',
      { timestamp: '1970-01-01', originalTimestamp: '2026-11-23T08:00:00Z' },
      '2026-11-23T08:00:00.000Z',
    ],
    [
      'a timestamp in the future',
      { timestamp: '2026-11-25', originalTimestamp: '2026-11-23T08:00:00Z' },
      '2026-11-23T08:00:00.000Z',
    ],
    ['a timestamp on a day that does not exist', { timestamp: '2026-02-30T10:00:00Z' }, '2026-11-23T10:00:00.000Z'],
    ['a timestamp in seconds', { timestamp: 1_577_836_800 }, '2020-01-01T00:00:00.000Z'],
    ['a timestamp in microseconds, as text', { timestamp: '1577836800000000' }, '2020-01-01T00:00:00.000Z'],
    [
      'a clock that was never set',
      { originalTimestamp: '1970-01-01T00:00:10Z', sentAt: '1970-01-01T00:01:10Z' },
      '2026-11-23T09:59:00.000Z',
    ],
    [
      'a sentAt that cannot be true',
      { originalTimestamp: '2026-11-23T08:00:00Z', sentAt: '1970-01-01T00:01:10Z' },
      '2026-11-23T08:00:00.000Z',
    ],
    ['a receivedAt that cannot be true', { receivedAt: '1970-01-01T00:00:00Z' }, '2026-11-23T10:00:00.000Z'],
    ['a timestamp in milliseconds', { timestamp: 1_577_836_800_000 }, '2020-01-01T00:00:00.000Z'],
    [
      'a timestamp that is not a time',
      { timestamp: 'x', originalTimestamp: '2026-11-23T08:00:00Z', sentAt: '2026-11-23T09:00:00Z' },
      '2026-11-23T09:00:00.000Z',
    ],
  ])('%s', (_, times, timestamp) => {
    expect(stampEvent(times, reception).timestamp).toBe(timestamp);
  });

  test('no sentAt in a batch with one uses that of the batch, as mobile SDKs send it', () => {
    const late = { ...reception, sentAt: '2026-11-23T12:00:00Z' };
    const originalTimestamp = '2026-11-23T11:50:00Z';
    expect(stampEvent({ originalTimestamp }, late).timestamp).toBe('2026-11-23T09:50:00.000Z');
    expect(stampEvent({ originalTimestamp, sentAt: '2026-11-23T11:51:00Z' }, late).timestamp).toBe(
      '2026-11-23T09:59:00.000Z',
    );
  });
});

test.each<[JsonObject, boolean]>([
  [{}, false],
  [{ timestamp: null, originalTimestamp: '' }, false],
  [{ sentAt: 'x' }, false],
  [{ timestamp: '2026-11-23T08:00:00Z', originalTimestamp: 'x' }, false],
  [{ timestamp: 'x', originalTimestamp: '2026-11-23T08:00:00Z' }, false],
  [{ originalTimestamp: '1970-01-01T00:00:10Z', sentAt: '1970-01-01T00:01:10Z' }, false],
  [{ timestamp: 'x' }, true],
  [{ timestamp: '2026-02-30', originalTimestamp: 'x', sentAt: '2026-11-23T09:00:00Z' }, true],
  [{ timestamp: '1970-01-01' }, true],
  [{ originalTimestamp: '1970-01-01T00:00:10Z' }, true],
])('the times %j are given, and none of them can be used: %s', (times, expected) => {
  expect(hasUnreadableTime(times, reception)).toBe(expected);
});

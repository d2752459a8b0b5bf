import type { JsonObject } from '../../lib/json.ts';
import { readTimestamp } from '../../lib/mapping/timestamp.ts';

const original = '2026-01-01T00:00:00.000Z';

const arrivedAtMs = Date.parse('2026-12-01T00:00:00Z');

describe('ISO 8601 with a zone is sent as it came', () => {
  test.each([
    '2026-11-20T09:00:00Z',
    '2026-11-20T09:00:00.123Z',
    '2026-11-20T09:00:00.123456+00:00',
    '2026-11-20T09:00:00+05:30',
    '2026-11-20T09:00:00+0530',
    '2026-11-20T09:00:00-08',
    '2026-11-20T09:00Z',
    '2024-02-29T12:00:00Z',
    '2000-02-29T12:00:00Z',
    '2026-01-29T12:00:00Z',
    '2026-01-31T12:00:00Z',
    '2000-01-01T00:00:00Z',
    '2026-12-01T23:59:59.999Z',
    '2026-12-02T10:00:00+10:00',
  ])('%s', (timestamp) => {
    expect(readTimestamp({ timestamp, originalTimestamp: original }, arrivedAtMs)).toBe(timestamp);
  });
});

describe('every other time is written as ISO 8601 in UTC', () => {
  test.each<[unknown, string]>([
    ['2026-11-20', '2026-11-20T00:00:00.000Z'],
    ['2026-11-20T09:00', '2026-11-20T09:00:00.000Z'],
    ['2026-11-20T09:00:00', '2026-11-20T09:00:00.000Z'],
    ['2026-11-20T09:00:00.123456', '2026-11-20T09:00:00.123Z'],
    ['2026-11-20 09:00:00', '2026-11-20T09:00:00.000Z'],
    ['2026-11-20 09:00:00.5', '2026-11-20T09:00:00.500Z'],
    ['2026-11-20 09:00:00 UTC', '2026-11-20T09:00:00.000Z'],
    ['2026-11-20 09:00:00+02', '2026-11-20T07:00:00.000Z'],
    ['2026-11-20 09:00:00 +0200', '2026-11-20T07:00:00.000Z'],
    ['2026-11-20T09:00:00 +0200', '2026-11-20T07:00:00.000Z'],
    ['2026-11-20T09:00:00GMT+02:00', '2026-11-20T07:00:00.000Z'],
    ['2026-11-20 09:00:00 GMT+02:00', '2026-11-20T07:00:00.000Z'],
    ['2026-11-20 09:00:00 UTC-08', '2026-11-20T17:00:00.000Z'],
    ['20261120T090000Z', '2026-11-20T09:00:00.000Z'],
    [1_795_514_400, '2026-11-24T10:00:00.000Z'],
    [1_795_514_400.5, '2026-11-24T10:00:00.500Z'],
    [1_795_514_400_000, '2026-11-24T10:00:00.000Z'],
    [1_795_514_400_000_000, '2026-11-24T10:00:00.000Z'],
    ['1795514400', '2026-11-24T10:00:00.000Z'],
    ['1795514400000', '2026-11-24T10:00:00.000Z'],
    ['1795514400000000', '2026-11-24T10:00:00.000Z'],
    ['1.7955144E9', '2026-11-24T10:00:00.000Z'],
    ['1.7955144e+12', '2026-11-24T10:00:00.000Z'],
    ['Tue, 24 Nov 2026 10:00:00 +0000', '2026-11-24T10:00:00.000Z'],
    ['Tue, 24 Nov 2026 12:00:00 +0200', '2026-11-24T10:00:00.000Z'],
  ])('%j', (timestamp, expected) => {
    expect(readTimestamp({ timestamp, originalTimestamp: original }, arrivedAtMs)).toBe(expected);
  });
});

describe('what is not a time, or cannot be true, falls back to the next candidate', () => {
  test.each<[unknown]>([
    [undefined],
    [null],
    [''],
    ['yesterday'],
    ['foo 1'],
    [0],
    [17],
    [1_795_514],
    [1e300],
    [Number.NaN],
    [-1_795_514_400],
    [false],
    [{}],
    [['2026-11-20']],
    ['2026-13-01T00:00:00Z'],
    ['2026-02-29T00:00:00Z'],
    ['2026-02-30T00:00:00Z'],
    ['2026-02-30'],
    ['2026-02-31'],
    ['2026-04-31 10:00:00'],
    ['2100-02-29T00:00:00Z'],
    ['30 Feb 2026 10:00:00 GMT'],
    ['2026-11-20T25:00:00Z'],
    ['2026-11-20T09:00:00+99:00'],
    ['20/11/2026'],
    ['2026'],
    ['1970-01-01T00:00:00Z'],
    ['0001-01-01T00:00:00Z'],
    ['1999-12-31T23:59:59.999Z'],
    ['2000-01-01T00:00:00+00:01'],
    ['2026-12-02T00:00:01Z'],
    ['2026-12-02 00:00:01'],
    ['2026-12-01T23:00:00-02:00'],
    ['9999-12-31T00:00:00Z'],
    [4_102_444_800_000],
    [`2026-11-20T09:00:00.${'1'.repeat(200)}Z`],
  ])('%j', (timestamp) => {
    expect(readTimestamp({ timestamp, originalTimestamp: original }, arrivedAtMs)).toBe(original);
    expect(readTimestamp({ timestamp }, arrivedAtMs)).toBeUndefined();
  });
});

test('nobody knows when an event arrived: then no time is too late', () => {
  expect(readTimestamp({ timestamp: '2999-01-01T00:00:00Z' })).toBe('2999-01-01T00:00:00Z');
});

describe('reverse ETL', () => {
  const event: JsonObject = {
    channel: 'sources',
    properties: { timestamp: '2025-05-05T00:00:00Z' },
    timestamp: original,
  };
  test('keeps its time in the properties', () => {
    expect(readTimestamp(event)).toBe('2025-05-05T00:00:00Z');
  });
  test('unless that is not a date', () => {
    expect(readTimestamp({ ...event, properties: { timestamp: 'x' } })).toBe(original);
  });
  test('unless it is mapped to the destination', () => {
    expect(readTimestamp({ ...event, context: { mappedToDestination: true } })).toBe(original);
  });
  test('and no other channel does', () => {
    expect(readTimestamp({ ...event, channel: 'server' })).toBe(original);
  });
});

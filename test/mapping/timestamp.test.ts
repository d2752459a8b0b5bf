import type { JsonObject } from '../../lib/json.ts';
import { readTimestamp } from '../../lib/mapping/timestamp.ts';

const original = '2026-01-01T00:00:00.000Z';

describe('ISO 8601 is sent as it came', () => {
  test.each([
    '2026-11-20T09:00:00Z',
    '2026-11-20T09:00:00.123Z',
    '2026-11-20T09:00:00.123456+00:00',
    '2026-11-20T09:00:00+05:30',
    '2026-11-20T09:00:00+0530',
    '2026-11-20T09:00:00-08',
    '2026-11-20T09:00',
    '2026-11-20',
    '2024-02-29T12:00:00Z',
    '2026-01-29T12:00:00Z',
    '2026-01-31T12:00:00Z',
    '2026-04-30',
  ])('%s', (timestamp) => {
    expect(readTimestamp({ timestamp, originalTimestamp: original })).toBe(timestamp);
  });
});

describe('what is nearly ISO 8601 is written as ISO 8601', () => {
  test.each<[unknown, string]>([
    ['2026-11-20 09:00:00', '2026-11-20T09:00:00.000Z'],
    ['2026-11-20 09:00:00.5', '2026-11-20T09:00:00.500Z'],
    ['2026-11-20 09:00:00 UTC', '2026-11-20T09:00:00.000Z'],
    ['2026-11-20 09:00:00+02', '2026-11-20T07:00:00.000Z'],
    ['2026-11-20 09:00:00 +0200', '2026-11-20T07:00:00.000Z'],
    [1_795_514_400_000, '2026-11-24T10:00:00.000Z'],
  ])('%j', (timestamp, expected) => {
    expect(readTimestamp({ timestamp, originalTimestamp: original })).toBe(expected);
  });
});

describe('what is not a date falls back to the next candidate', () => {
  test.each<[unknown]>([
    [undefined],
    [null],
    [''],
    ['yesterday'],
    ['foo 1'],
    [0],
    [1_795_514_400],
    [1e300],
    [false],
    [{}],
    [['2026-11-20']],
    ['2026-13-01T00:00:00Z'],
    ['2026-02-29T00:00:00Z'],
    ['2026-02-30T00:00:00Z'],
    ['2026-02-31'],
    ['2026-04-31 10:00:00'],
    ['2100-02-29T00:00:00Z'],
    ['2026-11-20T25:00:00Z'],
    ['20/11/2026'],
    ['2026'],
  ])('%j', (timestamp) => {
    expect(readTimestamp({ timestamp, originalTimestamp: original })).toBe(original);
    expect(readTimestamp({ timestamp })).toBeUndefined();
  });
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

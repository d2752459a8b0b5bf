import fc from 'fast-check';
import { formatInstant, parseInstant } from '../../../lib/ingest/events/instant.ts';

function normalised(text: unknown): string | undefined {
  const instant = parseInstant(text);
  return instant && formatInstant(instant);
}

test.each([
  ['2026-11-23T10:00:00Z', '2026-11-23T10:00:00.000Z'],
  ['2026-11-23T10:00:00.123456789Z', '2026-11-23T10:00:00.123Z'],
  ['2026-11-23T10:00:00+05:30', '2026-11-23T10:00:00.000+05:30'],
  ['2026-11-23T10:00:00.5-0800', '2026-11-23T10:00:00.500-08:00'],
  ['2026-11-23T00:30:00+01', '2026-11-23T00:30:00.000+01:00'],
  ['2026-11-23 10:00:00', '2026-11-23T10:00:00.000Z'],
  ['2026-11-23 10:00:00 UTC', '2026-11-23T10:00:00.000Z'],
  ['2026-11-23T10:00', '2026-11-23T10:00:00.000Z'],
  ['2026-11-23', '2026-11-23T00:00:00.000Z'],
  [' 2026-11-23T10:00:00Z ', '2026-11-23T10:00:00.000Z'],
  ['Mon, 23 Nov 2026 10:00:00 GMT', '2026-11-23T10:00:00.000Z'],
  ['Mon Nov 23 2026 10:00:00 GMT+0100 (Central European Standard Time)', '2026-11-23T09:00:00.000Z'],
  ['1795428000', '2026-11-23T10:00:00.000Z'],
  ['1795428000123', '2026-11-23T10:00:00.123Z'],
])('%j is the time %s', (text, expected) => {
  expect(normalised(text)).toBe(expected);
});

test.each([
  [''],
  ['soon'],
  ['2026-13-01T00:00:00Z'],
  ['2026-11-23T25:00:00Z'],
  ['23/11/2026'],
  ['Monday'],
  ['12345'],
  [1_795_428_000_000],
  [null],
  [undefined],
  [{}],
])('%j is not a time', (value) => {
  expect(parseInstant(value)).toBeUndefined();
});

test('a time in RFC 3339 with milliseconds stays as it is, in whatever zone', () => {
  fc.assert(
    fc.property(
      fc.date({ min: new Date('0001-01-02'), max: new Date('9998-12-30'), noInvalidDate: true }),
      fc.integer({ min: -14 * 60, max: 14 * 60 }),
      (date, offsetMinutes) => {
        const text = formatInstant({ epochMs: date.getTime(), offsetMinutes });
        expect(parseInstant(text)).toEqual({ epochMs: date.getTime(), offsetMinutes });
      },
    ),
  );
});

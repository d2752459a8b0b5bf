import fc from 'fast-check';
import { canBeTrue, formatInstant, parseInstant, readTime } from '../lib/instant.ts';

const DAY_MS = 24 * 60 * 60 * 1000;

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
  ['Mon Nov 23 2026 10:00:00 GMT+0100 (Central European Standard Time)', '2026-11-23T10:00:00.000+01:00'],
  ['2026-11-23T10:00:00,5Z', '2026-11-23T10:00:00.500Z'],
  ['2026-11-23T10Z', '2026-11-23T10:00:00.000Z'],
  ['2026-11-23t10:00:00z', '2026-11-23T10:00:00.000Z'],
  ['2026-11-23 10:00:00 +0000 UTC', '2026-11-23T10:00:00.000Z'],
  ['2026-11-23T11:00:00+01:00[Europe/Paris]', '2026-11-23T11:00:00.000+01:00'],
  ['20261123T100000Z', '2026-11-23T10:00:00.000Z'],
  ['20261123', '2026-11-23T00:00:00.000Z'],
  ['Mon, 23 Nov 2026 11:00:00 +0100', '2026-11-23T11:00:00.000+01:00'],
  ['23 Nov 2026 10:00 UT', '2026-11-23T10:00:00.000Z'],
  ['Mon, 23 Nov 2026 10:00:00 +0000 (UTC)', '2026-11-23T10:00:00.000Z'],
  ['Monday, 23-Nov-26 10:00:00 GMT', '2026-11-23T10:00:00.000Z'],
  ['Mon, 23 Nov 2026 05:00:00 EST', '2026-11-23T05:00:00.000-05:00'],
  ['Mon, 23 Nov 2026 03:00:00 PDT', '2026-11-23T03:00:00.000-07:00'],
  ['1795428000', '2026-11-23T10:00:00.000Z'],
  [1_795_428_000, '2026-11-23T10:00:00.000Z'],
  [1_795_428_000.25, '2026-11-23T10:00:00.250Z'],
  [1_795_428_000_000, '2026-11-23T10:00:00.000Z'],
  [1_795_428_000_123_456, '2026-11-23T10:00:00.123Z'],
  ['1795428000123456', '2026-11-23T10:00:00.123Z'],
  ['1795428000.25', '2026-11-23T10:00:00.250Z'],
  ['1.795428E9', '2026-11-23T10:00:00.000Z'],
  ['1.795428e+12', '2026-11-23T10:00:00.000Z'],
  ['1.795428000123456E15', '2026-11-23T10:00:00.123Z'],
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
  ['2026-02-30'],
  ['2026-02-30T10:00:00Z'],
  ['30 Feb 2026 10:00:00 GMT'],
  ['23 Nov 2026 10:00:00'],
  ['23 Foo 2026 10:00:00 GMT'],
  ['2026-11-23T10:60:00Z'],
  ['2026-11-23T10:00:61Z'],
  ['2026-11-23T10:00:00+24:00'],
  ['0000-11-23'],
  ['1e400'],
  [1795428],
  [Infinity],
  [`${' '.repeat(200)}2026-11-23`],
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

test('what RFC 3339 writes is read as Date.parse does, and goes to Heap unchanged', () => {
  fc.assert(
    fc.property(
      fc.date({ min: new Date('2000-01-02'), max: new Date('9998-12-30'), noInvalidDate: true }),
      fc.integer({ min: -14 * 60, max: 14 * 60 }),
      (date, offsetMinutes) => {
        const text = formatInstant({ epochMs: date.getTime(), offsetMinutes });
        expect(readTime(text)).toBe(text);
        const isInTime = (arrivedAtMs: number): boolean => readTime(text, arrivedAtMs) !== undefined;
        const second = Math.floor(date.getTime() / 1000) * 1000;
        expect([isInTime(second - DAY_MS), isInTime(second - DAY_MS - 1)]).toEqual([true, false]);
      },
    ),
  );
});

test.each<[string, boolean]>([
  ['1999-12-31T23:59:59Z', false],
  ['2000-01-01T00:00:00Z', true],
  ['2026-11-24T10:00:00Z', true],
  ['2026-11-24T10:00:01Z', false],
])('of an event that arrives at 10:00 on 23 November 2026, %s can be true: %s', (text, expected) => {
  expect(canBeTrue(Date.parse(text), Date.parse('2026-11-23T10:00:00Z'))).toBe(expected);
});

import fc from 'fast-check';
import { backoffMs, parseRetryAfter, RETRY_POLICY } from '../../lib/heap/retry.ts';

test('a wait is anything up to a ceiling, which doubles with every attempt up to 8 s', () => {
  expect([1, 2, 3, 4, 5, 6, 7, 20].map((attempts) => backoffMs(RETRY_POLICY, attempts, 1))).toEqual([
    250, 500, 1000, 2000, 4000, 8000, 8000, 8000,
  ]);
  expect(backoffMs(RETRY_POLICY, 3, 0)).toBe(0);
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 50 }),
      fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
      (attempts, random) => {
        const wait = backoffMs(RETRY_POLICY, attempts, random);
        expect(wait).toBeGreaterThanOrEqual(0);
        expect(wait).toBeLessThanOrEqual(RETRY_POLICY.longestWaitMs);
      },
    ),
  );
});

const now = Date.parse('2026-11-20T09:00:00Z');
test.each<[string | undefined, number | undefined]>([
  ['0', 0],
  ['7', 7000],
  [' 7 ', 7000],
  ['Fri, 20 Nov 2026 09:00:30 GMT', 30_000],
  ['Fri, 20 Nov 2026 08:00:00 GMT', 0],
  ['300', 300_000],
  ['301', 300_000],
  ['999999999', 300_000],
  [undefined, undefined],
  ['', undefined],
  ['soon', undefined],
])('the header "Retry-After: %s" asks for a wait of %s ms', (header, expected) => {
  expect(parseRetryAfter(header, now)).toBe(expected);
});

import {
  backoffMs,
  isRetryLimitReached,
  isSuccess,
  isTerminated,
} from '../../simulation/systems/rudderstack-policy.ts';

const MINUTE_MS = 60_000;

test.each<[number, 'delivered' | 'aborted' | 'tried again']>([
  [200, 'delivered'],
  [299, 'delivered'],
  [301, 'aborted'],
  [400, 'aborted'],
  [403, 'aborted'],
  [404, 'aborted'],
  [408, 'tried again'],
  [429, 'tried again'],
  [500, 'tried again'],
  [504, 'tried again'],
])('RudderStack’s router: after %i a job is %s', (status, what) => {
  const said = isSuccess(status) ? 'delivered' : isTerminated(status) ? 'aborted' : 'tried again';
  expect(said).toBe(what);
});

test('RudderStack’s router waits 10 s, doubled with every attempt, up to 300 s', () => {
  expect([1, 2, 3, 4, 5, 6, 7].map(backoffMs)).toEqual([10_000, 20_000, 40_000, 80_000, 160_000, 300_000, 300_000]);
});

test.each<[string, number, number, number, boolean]>([
  ['after three hours and three attempts', 503, 3, 181, true],
  ['not within three hours', 503, 30, 180, false],
  ['not before the third attempt', 503, 2, 181, false],
  ['never after 429', 429, 100, 10_000, false],
  ['never after 408', 408, 100, 10_000, false],
])('RudderStack’s router gives a job up %s', (_, lastStatus, attempts, minutes, isReached) => {
  expect(isRetryLimitReached({ lastStatus, attempts, sinceFirstAttemptMs: minutes * MINUTE_MS })).toBe(isReached);
});

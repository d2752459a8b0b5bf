import { backsOff, deferred, filtered, isFailure, rejected } from '../lib/outcome.ts';
import { isRejectReason } from '../lib/reject-reasons.ts';
import { FAILURES, isDeferReason } from './support/defer-reasons.ts';

test('a deferral counts as a failure unless the event only waits for its turn', () => {
  const told = Object.keys(FAILURES)
    .filter(isDeferReason)
    .map((reason) => [reason, isFailure(deferred(reason, ''))]);
  expect(Object.fromEntries(told)).toEqual(FAILURES);
});

test('a deferral backs off if it is a failure, or if the invocation had no time for the event', () => {
  const told = Object.keys(FAILURES)
    .filter(isDeferReason)
    .map((reason) => [reason, backsOff(deferred(reason, ''))]);
  expect(Object.fromEntries(told)).toEqual({ ...FAILURES, out_of_time: true });
});

test.each([
  ['heap_refused', true],
  ['retries_exhausted', true],
  ['heap_error', false],
  ['signup', false],
  ['toString', false],
  ['', false],
])('%j is a reason of a rejection: %s', (text, expected) => {
  expect(isRejectReason(text)).toBe(expected);
});

test('outcomes have no keys for unknown values', () => {
  expect(rejected('not_json', 'why')).toEqual({ kind: 'rejected', reason: 'not_json', detail: 'why' });
  expect(Object.keys(rejected('not_json', 'why'))).not.toContain('heapStatus');
  expect(rejected('heap_refused', 'why', 400)).toMatchObject({ heapStatus: 400 });
  expect(deferred('heap_error', 'why', { heapStatus: 503, retryAfterMs: 5, mostEntries: 7 })).toEqual({
    kind: 'deferred',
    reason: 'heap_error',
    detail: 'why',
    heapStatus: 503,
    retryAfterMs: 5,
    mostEntries: 7,
  });
  expect(Object.keys(deferred('out_of_time', 'why'))).toEqual(['kind', 'reason', 'detail']);
  expect(filtered('consent')).toEqual({ kind: 'filtered', reason: 'consent' });
});

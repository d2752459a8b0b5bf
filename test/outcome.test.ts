import { backsOff, deferred, filtered, isFailure, isRejectReason, rejected, type DeferReason } from '../lib/outcome.ts';

/** Every reason for a deferral, and whether it counts as a failure. */
const FAILURES = {
  heap_throttled: true,
  heap_error: true,
  heap_redirected: true,
  heap_client_error: true,
  heap_unreachable: true,
  heap_timeout: true,
  circuit_open: true,
  undecided: true,
  dead_letter_failed: true,
  dead_letter_too_large: true,
  internal_error: true,
  out_of_time: false,
  paced_app: false,
  paced_identity: false,
  fifo_order: false,
  no_room: false,
} as const satisfies Record<DeferReason, boolean>;

const isReason = (name: string): name is DeferReason => name in FAILURES;

test('a deferral counts as a failure unless the event only waits for its turn', () => {
  const told = Object.keys(FAILURES)
    .filter(isReason)
    .map((reason) => [reason, isFailure(deferred(reason, ''))]);
  expect(Object.fromEntries(told)).toEqual(FAILURES);
});

test('a deferral backs off if it is a failure, or if the invocation had no time for the event', () => {
  const told = Object.keys(FAILURES)
    .filter(isReason)
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

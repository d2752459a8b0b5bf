import { giveUpIfExhausted } from '../../lib/forwarding/give-up.ts';
import type { Outcome } from '../../lib/outcome.ts';
import { DELIVERED, FAILED, FILTERED, processedOf, RATE_LIMITED, REFUSED, wordsOf } from './processed.ts';

const MAX_RECEIVE_COUNT = 5;

test.each<[string, number, readonly Outcome[], readonly string[]]>([
  ['before the last receive a failure stays deferred', 4, [FAILED], ['heap_error']],
  ['at the last receive a failure is given up', 5, [FAILED], ['retries_exhausted']],
  ['a record that was received more often is given up too', 6, [FAILED], ['retries_exhausted']],
  ['an event that waits for the rate limit is never given up', 5, [RATE_LIMITED], ['paced_identity']],
  [
    'an event that waits for the rate limit is not given up with a failing neighbour of its record',
    5,
    [FAILED, RATE_LIMITED],
    ['heap_error', 'paced_identity'],
  ],
  [
    'what has a final outcome keeps it',
    5,
    [DELIVERED, FILTERED, REFUSED, FAILED],
    ['delivered', 'integrations', 'heap_refused', 'retries_exhausted'],
  ],
])('%s', (_, receiveCount, outcomes, expected) => {
  const processed = processedOf('m', outcomes, { receiveCount });
  expect(wordsOf(giveUpIfExhausted(processed, MAX_RECEIVE_COUNT))).toEqual(expected);
});

test('the rejection names the last cause and keeps the status of Heap', () => {
  const { events } = giveUpIfExhausted(processedOf('m', [FAILED], { receiveCount: 5 }), MAX_RECEIVE_COUNT);
  expect(events[0]?.outcome).toEqual({
    kind: 'rejected',
    reason: 'retries_exhausted',
    detail: 'heap_error: Heap answered 503',
    heapStatus: 503,
  });
});

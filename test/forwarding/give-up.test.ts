import { giveUpIfExhausted } from '../../lib/forwarding/give-up.ts';
import { deferred, type Outcome } from '../../lib/outcome.ts';
import { DELIVERED, FAILED, FILTERED, processedOf, RATE_LIMITED, REFUSED, wordsOf } from './processed.ts';

const HOUR_MS = 60 * 60 * 1000;
const RETRY_MS = 48 * HOUR_MS;
const FIRST_RECEIVE = 1_795_000_000_000;
const OUT_OF_TIME = deferred('out_of_time', 'the invocation ended before Heap answered');
const BEING_BISECTED: Outcome = { ...OUT_OF_TIME, mostEntries: 2, isBeingBisected: true };
/** It was in a refused request once, but now Heap does not answer. */
const NOT_ANSWERED: Outcome = { ...OUT_OF_TIME, mostEntries: 2 };

const after = (ageMs: number) => ({ now: FIRST_RECEIVE + ageMs, retryMs: RETRY_MS });

test.each<[string, number, readonly Outcome[], readonly string[]]>([
  ['just before the retry time is over, a failure stays deferred', RETRY_MS - 1, [FAILED], ['heap_error']],
  ['when it is over, a failure is given up', RETRY_MS, [FAILED], ['retries_exhausted']],
  ['and at any time later', 3 * RETRY_MS, [FAILED], ['retries_exhausted']],
  ['an event that the invocation had no time for is given up too', RETRY_MS, [OUT_OF_TIME], ['retries_exhausted']],
  ['and not before', RETRY_MS - 1, [OUT_OF_TIME], ['out_of_time']],
  ['so is one that was bisected before, while Heap does not answer', RETRY_MS, [NOT_ANSWERED], ['retries_exhausted']],
  ['an event that waits for the rate limit is never given up', 5 * RETRY_MS, [RATE_LIMITED], ['paced_identity']],
  [
    'an event that waits for the rate limit is not given up with a failing neighbour of its record',
    RETRY_MS,
    [FAILED, RATE_LIMITED],
    ['heap_error', 'paced_identity'],
  ],
  [
    'a record is not given up in the middle of bisecting: its good events are not known yet',
    RETRY_MS,
    [FAILED, BEING_BISECTED],
    ['heap_error', 'out_of_time'],
  ],
  ['but a day later', RETRY_MS + 24 * HOUR_MS, [FAILED, BEING_BISECTED], ['retries_exhausted', 'retries_exhausted']],
  [
    'a day later the record is given up all the same: the neighbour may keep it waiting for ever',
    RETRY_MS + 24 * HOUR_MS,
    [FAILED, RATE_LIMITED],
    ['retries_exhausted', 'retries_exhausted'],
  ],
  [
    'what has a final outcome keeps it',
    RETRY_MS,
    [DELIVERED, FILTERED, REFUSED, FAILED],
    ['delivered', 'integrations', 'heap_refused', 'retries_exhausted'],
  ],
])('%s', (_, ageMs, outcomes, expected) => {
  const processed = processedOf('m', outcomes, { firstReceivedAt: FIRST_RECEIVE });
  expect(wordsOf(giveUpIfExhausted(processed, after(ageMs)))).toEqual(expected);
});

test.each([1, 50, 999])('the number of receives does not matter (%i)', (receiveCount) => {
  const processed = processedOf('m', [FAILED], { receiveCount, firstReceivedAt: FIRST_RECEIVE });
  expect(wordsOf(giveUpIfExhausted(processed, after(RETRY_MS - 1)))).toEqual(['heap_error']);
  expect(wordsOf(giveUpIfExhausted(processed, after(RETRY_MS)))).toEqual(['retries_exhausted']);
});

test('a message that waited in the queue for three days before its first receive has its full time', () => {
  const sentAt = FIRST_RECEIVE - 72 * HOUR_MS;
  const processed = processedOf('m', [FAILED], { sentAt, firstReceivedAt: FIRST_RECEIVE });
  expect(wordsOf(giveUpIfExhausted(processed, after(0)))).toEqual(['heap_error']);
  expect(wordsOf(giveUpIfExhausted(processed, after(RETRY_MS - 1)))).toEqual(['heap_error']);
});

test('the rejection names the last cause and keeps the status of Heap', () => {
  const processed = processedOf('m', [FAILED], { firstReceivedAt: FIRST_RECEIVE });
  expect(giveUpIfExhausted(processed, after(RETRY_MS)).events[0]?.outcome).toEqual({
    kind: 'rejected',
    reason: 'retries_exhausted',
    detail: 'heap_error: Heap answered 503',
    heapStatus: 503,
  });
});

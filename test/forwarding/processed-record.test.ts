import { deferredOf, mapOutcomes, needsNoQueue } from '../../lib/forwarding/processed-record.ts';
import type { Outcome } from '../../lib/outcome.ts';
import { DELIVERED, FAILED, FILTERED, processedOf, RATE_LIMITED, REFUSED } from './processed.ts';

test('the deferred events of a record are those of kind "deferred", in order', () => {
  const processed = processedOf('m', [FAILED, DELIVERED, REFUSED, RATE_LIMITED, FILTERED]);
  expect(deferredOf(processed)).toEqual([FAILED, RATE_LIMITED]);
});

test.each<[readonly Outcome[], boolean]>([
  [[DELIVERED], true],
  [[FILTERED], true],
  [[DELIVERED, FILTERED], true],
  [[DELIVERED, REFUSED], false],
  [[FAILED, DELIVERED], false],
])('a record with %j needs no queue: %s', (outcomes, expected) => {
  expect(needsNoQueue(processedOf('m', outcomes))).toBe(expected);
});

test('other outcomes leave the rest of the record as it is', () => {
  const processed = processedOf('m', [DELIVERED, FAILED]);
  const changed = mapOutcomes(processed, (outcome) => (outcome.kind === 'deferred' ? FILTERED : outcome));
  expect(changed.record).toBe(processed.record);
  expect(changed.events).toEqual([processed.events[0], { ...processed.events[1], outcome: FILTERED }]);
});

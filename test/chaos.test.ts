import fc from 'fast-check';
import { checkSchedule } from './chaos/check.ts';
import { schedules } from './chaos/schedule.ts';

/**
 * Random batches with random faults, through the real handler, in virtual time. Every test run uses the same 80, so that a
 * new failure is caused by a change. To run other ones: npm run test:chaos -- --runs N
 */
test('whatever fails, every event ends in exactly one place, and Heap holds each once', async () => {
  const runs = fc.assert(fc.asyncProperty(schedules, checkSchedule), { numRuns: 80 });
  await expect(runs).resolves.toBeUndefined();
});

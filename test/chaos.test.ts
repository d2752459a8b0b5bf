import fc from 'fast-check';
import { checkSchedule } from './chaos/check.ts';
import { schedules } from './chaos/schedule.ts';

/**
 * Random batches under random faults, through the real handler, in virtual time. The same 1000 every time, so that a test
 * run says something about a change; others, and more of them: npm run test:chaos -- --runs N
 */
test('whatever fails, every event ends in exactly one place, and Heap holds each once', async () => {
  const runs = fc.assert(fc.asyncProperty(schedules, checkSchedule), { numRuns: 1000 });
  await expect(runs).resolves.toBeUndefined();
});

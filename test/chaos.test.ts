import fc from 'fast-check';
import { checkSchedule } from './chaos/check.ts';
import { schedules } from './chaos/schedule.ts';

/**
 * Random batches under random faults, through the real handler, in virtual time. More of them: npm run test:chaos -- --runs N
 */
test('whatever fails, every event ends in exactly one place, and Heap holds each once', async () => {
  const runs = fc.assert(fc.asyncProperty(schedules, checkSchedule), { numRuns: 1000 });
  await expect(runs).resolves.toBeUndefined();
}, 120_000);

import { parseArgs } from 'node:util';
import fc from 'fast-check';
import { checkSchedule } from './check.ts';
import { schedules } from './schedule.ts';

/** More schedules than `npm test` has time for; a failure prints the seed and path that replay it. */
const { values } = parseArgs({
  options: { runs: { type: 'string', default: '10000' }, seed: { type: 'string' }, path: { type: 'string' } },
});
const startedAt = performance.now();
await fc.assert(fc.asyncProperty(schedules, checkSchedule), {
  numRuns: Number(values.runs),
  ...(values.seed === undefined ? {} : { seed: Number(values.seed) }),
  ...(values.path === undefined ? {} : { path: values.path }),
});
console.log(
  `${values.runs} schedules in ${((performance.now() - startedAt) / 1000).toFixed(1)} s: every promise was kept.`,
);

import { startEventByEventLambda } from './event-by-event-lambda.ts';
import type { System } from './system.ts';

/**
 * A function with Powertools' BatchProcessor, which processes the records of a batch at once and reports those that fail. Its
 * requests have a timeout of 10 s. The queue is set up as for the sample.
 *
 * @see https://docs.aws.amazon.com/powertools/typescript/latest/features/batch/
 */
export const powertoolsLambda: System = {
  name: 'powertools',
  title: 'Powertools-style Lambda',
  start: (world) =>
    startEventByEventLambda(world, {
      order: 'all_at_once',
      requestTimeoutMs: 10_000,
      timeoutMs: 30_000,
      visibilityTimeoutMs: 180_000,
      maxReceiveCount: 5,
    }),
};

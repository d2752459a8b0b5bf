import { startEventByEventLambda } from './event-by-event-lambda.ts';
import type { System } from './system.ts';

/**
 * The function of AWS's documentation: a loop over the records with one `await fetch` each, and `batchItemFailures`. fetch has no
 * timeout of its own here, so the function's ends it. Batches of 10, a visibility timeout of six times the function's, and a
 * maxReceiveCount of 5, as AWS advises.
 *
 * @see https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html
 * @see https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html
 */
export const sampleLambda: System = {
  name: 'sample',
  title: 'sample Lambda',
  start: (world) =>
    startEventByEventLambda(world, {
      order: 'one_by_one',
      requestTimeoutMs: 300_000,
      timeoutMs: 30_000,
      visibilityTimeoutMs: 180_000,
      maxReceiveCount: 5,
    }),
};

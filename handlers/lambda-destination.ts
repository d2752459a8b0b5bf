import type { Context } from 'aws-lambda';
import { systemClock } from '../lib/clock.ts';
import { createLambdaDestinationHandler } from '../lib/ingest/create-lambda-destination-handler.ts';
import { readQueueUrls } from '../lib/ingest/environment.ts';
import { createIngestTelemetry } from '../lib/ingest/telemetry.ts';
import { readLogSettings } from '../lib/telemetry/log-settings.ts';
import { createEventQueues } from '../lib/ingest/events/event-queue.ts';
import { refuseWrongSettings } from '../lib/refuse-wrong-settings.ts';

/** RudderStack's AWS Lambda destination → SQS. RudderStack invokes it asynchronously: see infra/lambda-destination.yaml. */
export const handler = refuseWrongSettings<unknown, Context, void>(() => {
  const telemetry = createIngestTelemetry(readLogSettings(process.env));

  const handle = createLambdaDestinationHandler({
    telemetry,
    clock: systemClock,
    random: Math.random,
    ...createEventQueues(readQueueUrls(process.env)),
  });

  return async (payload, context) => {
    telemetry.startInvocation(context);
    await handle(payload, context);
  };
});

import type { Context } from 'aws-lambda';
import { systemClock } from '../lib/clock.ts';
import { createLambdaDestinationHandler } from '../lib/ingest/create-lambda-destination-handler.ts';
import { readQueueUrls } from '../lib/ingest/environment.ts';
import { createIngestTelemetry } from '../lib/ingest/telemetry.ts';
import { readLogSettings } from '../lib/telemetry/log-settings.ts';
import { createEventQueues } from '../lib/ingest/events/event-queue.ts';

const telemetry = createIngestTelemetry(readLogSettings(process.env));

const handle = createLambdaDestinationHandler({
  telemetry,
  clock: systemClock,
  random: Math.random,
  ...createEventQueues(readQueueUrls(process.env)),
});

/** RudderStack's AWS Lambda destination → SQS. RudderStack invokes it asynchronously: see infra/lambda-destination.yaml. */
export async function handler(payload: unknown, context: Context): Promise<void> {
  telemetry.startInvocation(context);
  await handle(payload, context);
}

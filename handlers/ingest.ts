import type { APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2, Context } from 'aws-lambda';
import { systemClock } from '../lib/clock.ts';
import { createIngestHandler } from '../lib/ingest/create-handler.ts';
import { readIngestRuntime } from '../lib/ingest/environment.ts';
import { createIngestTelemetry } from '../lib/ingest/telemetry.ts';
import { createKeyRing } from '../lib/ingest/keys/key-ring.ts';
import { createParameterReader } from '../lib/ingest/keys/parameter-store.ts';
import { readSettingsFromEnvironment } from '../lib/rudderstack/settings-from-environment.ts';
import { webConfig } from '../lib/rudderstack/web-config.ts';
import { readLogSettings } from '../lib/telemetry/log-settings.ts';
import { createEventQueues } from '../lib/ingest/events/event-queue.ts';
import { refuseWrongSettings } from '../lib/refuse-wrong-settings.ts';

/** HTTP → SQS. The HTTP API in infra/ingest.yaml invokes it, with payload format 2.0. */
export const handler = refuseWrongSettings<APIGatewayProxyEventV2, Context, APIGatewayProxyStructuredResultV2>(() => {
  const runtime = readIngestRuntime(process.env);
  const telemetry = createIngestTelemetry(readLogSettings(process.env));

  const handle = createIngestHandler({
    telemetry,
    webConfig: webConfig(readSettingsFromEnvironment(process.env)),
    clock: systemClock,
    random: Math.random,
    ...createEventQueues(runtime),
    keyRing: createKeyRing({
      load: createParameterReader(runtime.keysParameter),
      clock: systemClock,
      random: Math.random,
      onStale: (error) => telemetry.reportProblem('keys_stale', error),
      onUnavailable: (error) => telemetry.reportProblem('keys_unavailable', error),
    }),
  });

  return async (event, context) => {
    telemetry.startInvocation(context);
    return await handle(event, context);
  };
});

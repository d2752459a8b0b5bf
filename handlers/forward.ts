import type { Context, SQSBatchResponse, SQSEvent } from 'aws-lambda';
import { systemClock } from '../lib/clock.ts';
import { createHandler } from '../lib/forwarding/create-handler.ts';
import type { Queues } from '../lib/forwarding/queues.ts';
import { createTransport } from '../lib/heap/transport.ts';
import { createTelemetry } from '../lib/forwarding/telemetry.ts';
import { readLogSettings } from '../lib/telemetry/log-settings.ts';
import { readRuntime } from '../lib/forwarding/environment.ts';
import { readSettingsFromEnvironment } from '../lib/rudderstack/settings-from-environment.ts';
import * as own from '../transformation/transformation.js';
import { refuseWrongSettings } from '../lib/refuse-wrong-settings.ts';

/** SQS → Heap. The event source mapping in template.yaml invokes it, with `ReportBatchItemFailures` enabled. */
export const handler = refuseWrongSettings<SQSEvent, Context, SQSBatchResponse>(() => {
  const settings = readSettingsFromEnvironment(process.env);
  const runtime = readRuntime(process.env);
  const telemetry = createTelemetry(readLogSettings(process.env));
  let queues: Promise<Queues> | undefined;

  const handle = createHandler({
    settings,
    runtime,
    telemetry,
    clock: systemClock,
    random: Math.random,
    transport: createTransport(systemClock.now),
    loadQueues: () =>
      (queues ??= import('../lib/forwarding/queues.ts').then(({ createQueues }) => createQueues(runtime))),
    loadSettle: () => import('../lib/forwarding/settle.ts').then(({ settle }) => settle),
    // The bundler leaves this out if there is no transformation.
    // oxlint-disable-next-line import/namespace -- a transformation has no isEmpty
    loadTransforming: own.isEmpty ? undefined : () => import('./transforming.ts').then((module) => module.load()),
    loadOptional: () => import('../lib/forwarding/optional.ts').then(({ OPTIONAL }) => OPTIONAL),
  });

  return async (event, context) => {
    telemetry.startInvocation(context);
    return await handle(event, context);
  };
});

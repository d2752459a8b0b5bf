import type { Context, SQSBatchResponse, SQSEvent } from 'aws-lambda';
import { systemClock } from '../lib/clock.ts';
import { readRuntime, readSettingsFromEnvironment } from '../lib/config.ts';
import { forward, type Deadlines, type ForwardDependencies } from '../lib/forwarding/forward.ts';
import type { Queues } from '../lib/forwarding/queue.ts';
import { heapBaseUrl } from '../lib/heap/api.ts';
import { createHeapClient } from '../lib/heap/client.ts';
import { createPacer, paceFor } from '../lib/heap/pacing.ts';
import { fetchTransport } from '../lib/heap/transport.ts';
import { createTelemetry } from '../lib/telemetry.ts';

/** Kept for settling when sending has used up its time, in ms. */
const SETTLING_MS = 8000;
/** Kept for returning the answer, in ms. */
const RETURNING_MS = 1000;

const settings = readSettingsFromEnvironment(process.env);
const runtime = readRuntime(process.env);
const telemetry = createTelemetry();
const pace = paceFor(runtime.maximumConcurrency);
const pacer = createPacer(pace);

let queues: Promise<Queues> | undefined;

const dependencies: ForwardDependencies = {
  settings,
  clock: systemClock,
  random: Math.random,
  pace,
  pacer,
  client: createHeapClient({
    baseUrl: heapBaseUrl(settings.dataResidency, runtime.heapBaseUrl),
    transport: fetchTransport,
    clock: systemClock,
    random: Math.random,
    pacer,
  }),
  maxReceiveCount: runtime.maxReceiveCount,
  loadQueues: () => (queues ??= import('../lib/forwarding/queue.ts').then(({ createQueues }) => createQueues(runtime))),
  onProblem: (code, error) => telemetry.reportProblem(code, error),
  onInternalError: (error) => telemetry.reportProblem('internal_error', error),
};

/** SQS → Heap. Invoked by the event source mapping of template.yaml, with `ReportBatchItemFailures`. */
export async function handler(event: SQSEvent, context: Context): Promise<SQSBatchResponse> {
  telemetry.startInvocation(context);
  const { response, report } = await forward(event.Records, deadlinesOf(context), dependencies);
  telemetry.reportBatch(report);
  return response;
}

/** Both margins shrink with a short timeout, so that there is always time to send something. */
function deadlinesOf(context: Context): Deadlines {
  const left = context.getRemainingTimeInMillis();
  const end = systemClock.now() + left;
  return { sending: end - Math.min(SETTLING_MS, left / 4), settling: end - Math.min(RETURNING_MS, left / 16) };
}

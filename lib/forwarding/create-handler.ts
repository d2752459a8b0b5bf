import type { Context, SQSBatchResponse, SQSEvent } from 'aws-lambda';
import type { Clock } from '../clock.ts';
import type { Runtime, Settings } from '../config.ts';
import { heapBaseUrl } from '../heap/api.ts';
import { createHeapClient } from '../heap/client.ts';
import { createEntryLimit } from '../heap/entry-limit.ts';
import { createPacer, paceFor } from '../heap/pacing.ts';
import type { Transport } from '../heap/transport.ts';
import type { Telemetry } from './telemetry.ts';
import { createDecidedEvents } from './decided-events.ts';
import { forward, type Deadlines, type ForwardDependencies } from './forward.ts';
import type { Queues } from './queue.ts';

/** Everything that the function reaches outside itself. */
export interface Surroundings {
  readonly settings: Settings;
  readonly runtime: Runtime;
  readonly clock: Clock;
  /** In [0, 1). */
  readonly random: () => number;
  readonly transport: Transport;
  readonly loadQueues: () => Promise<Queues>;
  readonly telemetry: Telemetry;
}

export type Handler = (
  event: SQSEvent,
  context: Pick<Context, 'getRemainingTimeInMillis'>,
) => Promise<SQSBatchResponse>;

/** Kept for settling when sending has used up its time, in ms. */
const SETTLING_MS = 8000;
/** Kept for returning the answer, in ms. */
const RETURNING_MS = 1000;

/**
 * Makes the function's handler. What it remembers between invocations (the pace, open circuits, decided events) is its own, so a second
 * handler is like a second container.
 */
export function createHandler(surroundings: Surroundings): Handler {
  const { settings, runtime, clock, random, transport, loadQueues, telemetry } = surroundings;
  const pace = paceFor(runtime.maximumConcurrency);
  const pacer = createPacer(pace);
  const baseUrl = heapBaseUrl(settings.dataResidency, runtime.heapBaseUrl);
  const dependencies: ForwardDependencies = {
    settings,
    clock,
    random,
    pace,
    pacer,
    entryLimit: createEntryLimit(),
    decidedEvents: createDecidedEvents(),
    client: createHeapClient({ baseUrl, transport, clock, random, pacer }),
    maxReceiveCount: runtime.maxReceiveCount,
    loadQueues,
    onProblem: (code, error) => telemetry.reportProblem(code, error),
    onInternalError: (error) => telemetry.reportProblem('internal_error', error),
  };

  return async (event, context) => {
    const deadlines = deadlinesFor(clock.now(), context.getRemainingTimeInMillis());
    const { response, report } = await forward(event.Records, deadlines, dependencies);
    try {
      telemetry.reportBatch(report);
    } catch (error) {
      // A figure that cannot be told must not send a delivered batch back.
      telemetry.reportProblem('internal_error', error);
    }
    return response;
  };
}

/** Both margins shrink with the time that is left, so that there is always some for sending. */
function deadlinesFor(now: number, leftMs: number): Deadlines {
  const end = now + leftMs;
  return { sending: end - Math.min(SETTLING_MS, leftMs / 4), settling: end - Math.min(RETURNING_MS, leftMs / 16) };
}

import type { Context, SQSBatchResponse, SQSEvent } from 'aws-lambda';
import type { Clock } from '../clock.ts';
import { createAcceptances } from '../heap/acceptances.ts';
import { createAdaptiveBatchSize } from '../heap/adaptive-batch-size.ts';
import { heapBaseUrl } from '../heap/api.ts';
import { createHeapClient } from '../heap/client.ts';
import { createDeliver } from '../heap/deliver.ts';
import { createRateLimiter, rateLimitsFor } from '../heap/rate-limiter.ts';
import type { Transport } from '../heap/transport.ts';
import { decideWith } from '../mapping/decide-with.ts';
import type { Mapped } from '../mapping/mapped.ts';
import { TOOLS } from '../mapping/tools.ts';
import type { Filtered, Rejected } from '../outcome.ts';
import type { RudderStackEvent } from '../rudderstack/event.ts';
import type { Settings } from '../rudderstack/settings.ts';
import { recordsOf } from '../sqs/record.ts';
import type { Runtime } from './environment.ts';
import { forward, type Deadlines, type ForwardDependencies } from './forward.ts';
import type { Optional } from './optional.ts';
import { createOutcomeCache } from './outcome-cache.ts';
import type { Queues } from './queues.ts';
import { needsNoQueue } from './processed-record.ts';
import type { settle, SettleDependencies } from './settle.ts';
import type { Telemetry } from './telemetry.ts';
import type { Transforming } from './transforming.ts';

/** Everything outside the function that the handler uses. */
export interface HandlerDependencies {
  readonly settings: Settings;
  readonly runtime: Runtime;
  readonly clock: Clock;
  /** In [0, 1). */
  readonly random: () => number;
  readonly transport: Transport;
  readonly loadQueues: () => Promise<Queues>;
  /** Loads what only a batch with rejected or deferred events needs. */
  readonly loadSettle: () => Promise<typeof settle>;
  /** Loads what only settings need that turn on pages, screens or groups, and a transformation. */
  readonly loadOptional: () => Promise<Optional>;
  /** Loads the owner's transformation; undefined if there is none. */
  readonly loadTransforming?: (() => Promise<Transforming>) | undefined;
  readonly telemetry: Telemetry;
}

/** The handler of the forwarding function. It throws only if the event is not one of SQS, see `recordsOf`. */
export type Handler = (
  event: SQSEvent,
  context: Pick<Context, 'getRemainingTimeInMillis'>,
) => Promise<SQSBatchResponse>;

const HOUR_MS = 60 * 60 * 1000;
/** Time reserved for dead letters and visibility timeouts, in ms. */
const SETTLING_MS = 8000;
/** Time reserved for returning the response, in ms. */
const RETURNING_MS = 1000;

/**
 * Creates the handler. Each handler has its own state between invocations (rate limits, open circuits, outcome cache), so a
 * second handler behaves like a second container.
 */
export function createHandler(dependencies: HandlerDependencies): Handler {
  const { clock, settings, telemetry, loadOptional, loadTransforming } = dependencies;
  telemetry.reportUnknownSettings(settings.unknownKeys);
  const composed = compose(dependencies);

  return async (event, context) => {
    const records = recordsOf(event);
    const transforming = await loadTransforming?.();
    const optional = transforming || settings.moreTypes.length > 0 ? await loadOptional() : undefined;
    const decideOne = (given: RudderStackEvent, arrivedAtMs: number): Mapped | Filtered | Rejected =>
      decideWith(optional?.mapOptional, given, settings, arrivedAtMs);
    const deadlines = deadlinesFor(clock.now(), context.getRemainingTimeInMillis());
    const { response, report } = await forward(records, deadlines, {
      ...composed,
      decide: transforming
        ? (given, arrivedAtMs) => transforming(given, settings, (one) => decideOne(one, arrivedAtMs), TOOLS)
        : decideOne,
      isTransforming: transforming !== undefined,
      optional,
    });
    try {
      telemetry.reportBatch(report);
    } catch (error) {
      // Failed telemetry must not return a delivered batch to the queue.
      telemetry.onProblem('internal_error', error);
    }
    return response;
  };
}

/** Creates and connects everything that lives as long as the container. */
function compose({
  settings,
  runtime,
  clock,
  random,
  transport,
  loadQueues,
  loadSettle,
  telemetry,
}: HandlerDependencies): Omit<ForwardDependencies, 'decide' | 'isTransforming' | 'optional'> {
  const rateLimits = rateLimitsFor(runtime.maximumConcurrency);
  const rateLimiter = createRateLimiter(rateLimits);
  const baseUrl = heapBaseUrl(settings.dataResidency, runtime.heapBaseUrl);
  const { onAttempt } = telemetry;
  const client = createHeapClient({ baseUrl, transport, clock, random, rateLimiter, onAttempt });
  const settling: SettleDependencies = {
    loadQueues,
    clock,
    random,
    retryMs: runtime.retryHours * HOUR_MS,
    listener: telemetry,
  };
  return {
    deliver: createDeliver({
      client,
      rateLimiter,
      batchSize: createAdaptiveBatchSize(),
      acceptances: createAcceptances(),
      clock,
      onMerged: telemetry.onMerged,
    }),
    settle: async (processed, deadline) => {
      if (processed.every(needsNoQueue)) return processed;
      const settle = await loadSettle();
      return await settle(processed, deadline, settling);
    },
    outcomeCache: createOutcomeCache(),
    clock,
    listener: telemetry,
  };
}

/** Both reserves shrink with the time left, so that some time always remains for sending. */
function deadlinesFor(now: number, leftMs: number): Deadlines {
  const end = now + leftMs;
  return { sending: end - Math.min(SETTLING_MS, leftMs / 4), settling: end - Math.min(RETURNING_MS, leftMs / 16) };
}

import { Logger } from '@aws-lambda-powertools/logger';
import { Metrics, MetricUnit } from '@aws-lambda-powertools/metrics';
import type { Context } from 'aws-lambda';
import { ConfigurationError } from '../config.ts';
import { describeError, METRICS_NAMESPACE } from '../telemetry.ts';
import type { RefusalReason } from './refusal.ts';

/** What the front door tells the outside: counts, codes and the owner's names of sources; nothing of an event, and no key. */
export interface IngestTelemetry {
  startInvocation(context: Context): void;
  reportTaken(source: string, events: number, messages: number): void;
  reportRefusal(reason: RefusalReason, bytes: number): void;
  /** Something went wrong that the caller is not to blame for. */
  reportProblem(code: IngestProblem, error: unknown): void;
}

const PROBLEMS = {
  queue_send_failed: 'The queue did not take a batch of messages; it is tried again.',
  keys_unavailable: 'The write keys could not be read; nobody can send until they can.',
  keys_stale: 'The write keys could not be read again; those read before stay good.',
  internal_error: 'Something failed that was not foreseen; the sender is asked to send again.',
} as const;

export type IngestProblem = keyof typeof PROBLEMS;

/** Logger and metrics by Powertools for AWS Lambda; log level and service name come from its own variables. */
export function createIngestTelemetry(): IngestTelemetry {
  const logger = new Logger();
  const metrics = new Metrics({ namespace: METRICS_NAMESPACE });

  return {
    startInvocation(context) {
      logger.addContext(context);
    },

    reportTaken(source, events, messages) {
      metrics.addMetric('IngestedEvents', MetricUnit.Count, events);
      metrics.addMetric('IngestedMessages', MetricUnit.Count, messages);
      metrics.publishStoredMetrics();
      // At one event a request, a line for each would cost more than everything else.
      logger.debug('Events taken', { code: 'events_taken', source, events, messages });
    },

    reportRefusal(reason, bytes) {
      metrics.singleMetric().addDimension('reason', reason).addMetric('RefusedRequests', MetricUnit.Count, 1);
      logger.info('Request refused', { code: 'request_refused', reason, bytes });
    },

    reportProblem(code, error) {
      // The words of a wrong setting name keys and quote no value.
      const detail = error instanceof ConfigurationError ? { detail: error.message } : {};
      logger.error(PROBLEMS[code], { code, ...detail, ...describeError(error) });
    },
  };
}

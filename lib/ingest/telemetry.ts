import type { Context } from 'aws-lambda';
import { createLog, describeError, type LogSettings } from '../telemetry/log.ts';
import { createMetrics } from '../telemetry/metrics.ts';
import type { RefusalReason } from './http/refusal.ts';
import { ConfigurationError } from '../configuration-error.ts';

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

export function createIngestTelemetry(settings: LogSettings): IngestTelemetry {
  const log = createLog(settings);
  const metrics = createMetrics(settings);

  return {
    startInvocation(context) {
      log.startInvocation(context);
    },

    reportTaken(source, events, messages) {
      metrics.add('IngestedEvents', 'Count', events);
      metrics.add('IngestedMessages', 'Count', messages);
      metrics.publish();
      // At one event a request, a line for each would cost more than everything else.
      log.debug('Events taken', { code: 'events_taken', source, events, messages });
    },

    reportRefusal(reason, bytes) {
      metrics.addBy('reason', reason, 'RefusedRequests', 1);
      metrics.publish();
      log.info('Request refused', { code: 'request_refused', reason, bytes });
    },

    reportProblem(code, error) {
      // The words of a wrong setting name keys and quote no value.
      const detail = error instanceof ConfigurationError ? { detail: error.message } : {};
      log.error(PROBLEMS[code], { code, ...detail, ...describeError(error) });
    },
  };
}

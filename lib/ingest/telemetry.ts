import type { Context } from 'aws-lambda';
import { createLog, describeError, type LogSettings } from '../telemetry/log.ts';
import { createMetrics } from '../telemetry/metrics.ts';
import type { RejectReason } from '../outcome.ts';
import { refuse, statusOf, type RefusalReason } from './http/refusal.ts';
import { ConfigurationError } from '../configuration-error.ts';

/** The counts of one request or invocation. */
export interface TakenCounts {
  readonly events: number;
  readonly messages: number;
  /** Events whose time cannot be read, so that they have the time of the request. */
  readonly withoutTime: number;
  /** How many elements went to the dead-letter queue, by reason. */
  readonly rejected: ReadonlyMap<RejectReason, number>;
}

/** The logs and metrics of the HTTP endpoint and of the Lambda destination: counts, codes and names of sources, but never keys or data of events. */
export interface IngestTelemetry {
  startInvocation(context: Context): void;
  reportTaken(source: string, taken: TakenCounts): void;
  /** Reports that a Web SDK was told to send events to Heap from the browser. */
  reportDeviceModeConfig(): void;
  reportRefusal(reason: RefusalReason, bytes: number): void;
  /** Reports a failure that the client did not cause. */
  reportProblem(code: IngestProblem, error: unknown): void;
}

/** The same metric as the forwarder's, so that both sum up. */
const DEAD_LETTERED = 'EventsDeadLettered';

const PROBLEMS = {
  queue_send_failed: 'A batch of messages could not be sent to the queue; it is retried.',
  keys_unavailable: 'The write keys could not be read; this container refuses all requests until they can.',
  keys_stale: 'The write keys could not be read again; the keys read before stay valid.',
  internal_error: 'Unexpected error; the client is asked to retry.',
} as const;

export type IngestProblem = keyof typeof PROBLEMS;

/**
 * Creates the telemetry of the HTTP endpoint or of the Lambda destination.
 *
 * @param write receives each line of the log and of the metrics
 */
export function createIngestTelemetry(settings: LogSettings, write?: (line: string) => void): IngestTelemetry {
  const log = createLog(settings, write);
  const metrics = createMetrics(settings, write);

  return {
    startInvocation(context) {
      log.startInvocation(context);
    },

    reportTaken(source, { events, messages, withoutTime, rejected }) {
      metrics.add('IngestedEvents', 'Count', events);
      metrics.add('IngestedMessages', 'Count', messages);
      if (withoutTime > 0) metrics.add('EventsWithoutTime', 'Count', withoutTime);
      if (rejected.size > 0) {
        metrics.add(
          DEAD_LETTERED,
          'Count',
          [...rejected.values()].reduce((sum, count) => sum + count, 0),
        );
        for (const [reason, count] of rejected) metrics.addBy('reason', reason, DEAD_LETTERED, count);
        const reasons = Object.fromEntries(rejected);
        log.info('Elements dead-lettered', { code: 'elements_dead_lettered', source, events, rejected: reasons });
      }
      metrics.publish();
      // Debug only: a line for every request would cost more than everything else.
      log.debug('Events taken', { code: 'events_taken', source, events, messages });
    },

    reportDeviceModeConfig() {
      metrics.add('DeviceModeConfigs', 'Count', 1);
      metrics.publish();
    },

    reportRefusal(reason, bytes) {
      metrics.addBy('reason', reason, 'RefusedRequests', 1);
      if (isOurFailure(reason)) metrics.add('RequestsNotTaken', 'Count', 1);
      metrics.publish();
      const say = isOurFailure(reason) ? log.warn : log.info;
      say('Request refused', { code: 'request_refused', reason, bytes });
    },

    reportProblem(code, error) {
      // The message of a ConfigurationError quotes no values.
      const detail = error instanceof ConfigurationError ? { detail: error.message } : {};
      log.error(PROBLEMS[code], { code, ...detail, ...describeError(error) });
    },
  };
}

/** Whether somebody has to repair something. Anybody with a wrong key can cause `key_undecided`, and it ends by itself. */
function isOurFailure(reason: RefusalReason): boolean {
  return statusOf(refuse(reason)) >= 500 && reason !== 'key_undecided';
}

import type { Context } from 'aws-lambda';
import type { Clock } from '../clock.ts';
import { enqueueEvents } from './events/enqueue-events.ts';
import type { EventQueue } from './events/event-queue.ts';
import { messageIdsOf } from './events/message-id.ts';
import { persistent } from './events/persistent-queue.ts';
import { readPayload } from './events/read-payload.ts';
import type { IngestTelemetry } from './telemetry.ts';

/** Everything outside the function that the handler uses. */
export interface LambdaDestinationDependencies {
  readonly clock: Clock;
  /** In [0, 1). */
  readonly random: () => number;
  readonly queue: EventQueue;
  readonly deadLetterQueue: EventQueue;
  readonly telemetry: Pick<IngestTelemetry, 'reportTaken' | 'reportProblem'>;
}

/** The handler of the Lambda destination. It throws if anything of the payload may not be in one of the queues. */
export type LambdaDestinationHandler = (
  payload: unknown,
  context: Pick<Context, 'getRemainingTimeInMillis'>,
) => Promise<void>;

/** Time reserved for throwing before Lambda ends the invocation, in ms. */
const THROWING_MS = 2000;
/** Its name in logs and dead letters. */
const SOURCE = 'lambda-destination';

/**
 * Creates the handler of the function that RudderStack's AWS Lambda destination invokes asynchronously, with one event or with an
 * array of events. Nobody reads its answer: what cannot be used becomes dead letters, and what cannot be sent is tried again
 * until the invocation ends. Then it throws, so that Lambda invokes it again.
 *
 * @see https://github.com/rudderlabs/rudder-transformer/blob/develop/src/v0/destinations/lambda/transform.js
 * @see https://github.com/rudderlabs/rudder-server/blob/master/services/streammanager/lambda/lambdamanager.go
 */
export function createLambdaDestinationHandler({
  clock,
  random,
  queue,
  deadLetterQueue,
  telemetry,
}: LambdaDestinationDependencies): LambdaDestinationHandler {
  const onFailure = (error: unknown): void => telemetry.reportProblem('queue_send_failed', error);
  const sending = { clock, random, onFailure };
  const queues = {
    queue: persistent(queue, sending),
    deadLetterQueue: persistent(deadLetterQueue, sending),
  };

  return async (payload, context) => {
    const receivedAtMs = clock.now();
    const reception = {
      receivedAtMs,
      sentAt: undefined,
      requestIp: undefined,
      newMessageId: messageIdsOf(receivedAtMs),
      source: SOURCE,
      deadline: receivedAtMs + context.getRemainingTimeInMillis() - THROWING_MS,
      text: () => JSON.stringify(payload),
      isKeptIfNothingIsUsable: () => true,
    } as const;
    const taken = await enqueueEvents(readPayload(payload), reception, { ...sending, ...queues });
    if (taken.kind === 'refused') {
      throw new Error(`not everything could be sent to the queue before the timeout: ${taken.reason}`);
    }
    telemetry.reportTaken(SOURCE, taken);
  };
}

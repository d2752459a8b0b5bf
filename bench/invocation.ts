import { createHandler, type Handler } from '../lib/forwarding/create-handler.ts';
import { settle } from '../lib/forwarding/settle.ts';
import type { Queues } from '../lib/forwarding/queues.ts';
import type { Settings } from '../lib/rudderstack/settings.ts';
import type { Transport } from '../lib/heap/transport.ts';
import { createTelemetry } from '../lib/forwarding/telemetry.ts';
import { OPTIONAL } from '../lib/forwarding/optional.ts';
import { SETTINGS } from './events.ts';

/** A virtual clock: sleeping advances the time at once. */
function createInstantClock() {
  let now = 1_795_000_000_000;
  return {
    now: () => now,
    sleep(ms: number) {
      now += ms;
      return Promise.resolve();
    },
    pass: (ms: number) => void (now += ms),
  };
}

/**
 * The deployed function, including its log and metrics, with a Heap that accepts everything at once.
 *
 * @param queues for batches with a failure
 */
export function createMeasuredHandler(
  settings: Settings = SETTINGS,
  queues?: Queues,
): {
  readonly handle: (event: Parameters<Handler>[0]) => ReturnType<Handler>;
  /** The bodies of the requests to Heap of the first invocation: copying those of all would add to what is measured. */
  readonly requests: () => readonly string[];
} {
  const clock = createInstantClock();
  const bodies: string[] = [];
  let invocations = 0;
  const transport: Transport = (_, body) => {
    if (invocations === 1) bodies.push(body.toString());
    return Promise.resolve({ kind: 'answered', status: 200, retryAfter: undefined, body: '', wasSent: true });
  };
  const handle = createHandler({
    settings,
    runtime: {
      queueUrl: 'https://sqs/queue',
      deadLetterQueueUrl: 'https://sqs/dead-letters',
      retryHours: 48,
      maximumConcurrency: 1,
      heapBaseUrl: 'https://heap',
    },
    clock,
    random: Math.random,
    transport,
    loadQueues: () =>
      queues === undefined ? Promise.reject(new Error('nothing fails here')) : Promise.resolve(queues),
    loadSettle: () => Promise.resolve(settle),
    loadOptional: () => Promise.resolve(OPTIONAL),
    telemetry: createTelemetry({ service: 'bench', level: 'INFO' }),
  });
  return {
    async handle(event) {
      invocations += 1;
      clock.pass(10_000);
      return await handle(event, { getRemainingTimeInMillis: () => 600_000 });
    },
    requests: () => bodies,
  };
}

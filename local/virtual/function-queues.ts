import type { Clock } from '../../lib/clock.ts';
import type { Queues } from '../../lib/forwarding/queues.ts';
import type { OutgoingMessage } from '../../lib/sqs/message.ts';
import type { SendOutcome } from '../../lib/sqs/send-batch.ts';
import type { VirtualQueue } from './queue.ts';

/** What happens to one call to SQS that the function makes. */
export type QueueFault = 'none' | 'some_fail' | 'throws';

export interface QueueConditions {
  /** One for each call, in order; after the last SQS is healthy. */
  readonly queueFaults: readonly QueueFault[];
  /** How long SQS takes for each call, in ms, in order; 10 ms for all the others. */
  readonly queueLatenciesMs: readonly number[];
}

const STEADY_LATENCY_MS = 10;
const REFUSED: SendOutcome = { kind: 'failed', code: 'InternalError', message: 'not now', isSenderFault: false };

/**
 * The function's own calls to SQS in virtual time, with faults and latencies. A call that lasts longer than its deadline is
 * aborted then, and nobody knows whether SQS has done what it asked for.
 *
 * @param deadLetters receives what is safely in the dead-letter queue
 */
export function createFunctionQueues(
  clock: Clock,
  random: () => number,
  queue: VirtualQueue,
  deadLetters: OutgoingMessage[],
  { queueFaults, queueLatenciesMs }: QueueConditions,
): Queues {
  const faults = queueFaults.values();
  const latencies = queueLatenciesMs.values();

  async function call<Result>(deadline: number, work: (isDone: () => boolean) => Result): Promise<Result> {
    const latency = latencies.next().value ?? STEADY_LATENCY_MS;
    const fault = faults.next().value ?? 'none';
    // The SDK's own deadline is an AbortSignal, which never aborts before 1 ms.
    const leftMs = Math.max(1, deadline - clock.now());
    await clock.sleep(Math.min(latency, leftMs));
    if (fault === 'throws') throw new Error('SQS is not there');
    const result = work(() => fault === 'none' || random() < 0.5);
    if (latency > leftMs) throw new DOMException('The call was aborted', 'TimeoutError');
    return result;
  }

  return {
    sendDeadLetters: (messages, deadline) =>
      call(deadline, (isDone) =>
        messages.map((message): SendOutcome => {
          if (!isDone()) return REFUSED;
          deadLetters.push(message);
          return { kind: 'sent' };
        }),
      ),
    changeVisibility: (changes, deadline) =>
      call(deadline, (isDone) => {
        const done = changes.filter(
          ({ receiptHandle, visibilityTimeoutS }) =>
            isDone() && queue.changeVisibility(receiptHandle, visibilityTimeoutS),
        );
        return changes.length - done.length;
      }),
  };
}

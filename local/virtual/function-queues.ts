import type { Clock } from '../../lib/clock.ts';
import type { Queues } from '../../lib/forwarding/queues.ts';
import type { OutgoingMessage } from '../../lib/sqs/message.ts';
import type { SendOutcome } from '../../lib/sqs/send-batch.ts';
import type { VirtualQueue } from './queue.ts';

/** What happens to one of the function's calls to SQS. */
export type QueueFault = 'none' | 'some_fail' | 'throws';

export interface QueueConditions {
  /** One for each call, in order. After the last one, SQS is healthy. */
  readonly queueFaults: readonly QueueFault[];
  /** How long each call takes, in ms, in order. After the last one, calls take 10 ms. */
  readonly queueLatenciesMs: readonly number[];
}

const STEADY_LATENCY_MS = 10;
const REFUSED: SendOutcome = { kind: 'failed', code: 'InternalError', message: 'injected fault', isSenderFault: false };

/**
 * The function's own calls to SQS in virtual time, with faults and latencies. A call is aborted at its deadline; SQS may
 * have carried it out nevertheless.
 *
 * @param random in [0, 1)
 * @param deadLetters gets every message that is in the dead-letter queue
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
    // The SDK gets its deadline as an AbortSignal, which never aborts before 1 ms.
    const leftMs = Math.max(1, deadline - clock.now());
    await clock.sleep(Math.min(latency, leftMs));
    if (fault === 'throws') throw new Error('SQS is unavailable');
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

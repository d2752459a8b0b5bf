import type { SQSRecord } from 'aws-lambda';
import type { Clock } from '../../lib/clock.ts';
import { createHandler, type Handler, type HandlerDependencies } from '../../lib/forwarding/create-handler.ts';
import type { BatchReport } from '../../lib/forwarding/forward.ts';
import type { Attempt } from '../../lib/heap/client.ts';
import type { JsonObject } from '../../lib/json.ts';
import { readSettings } from '../../lib/rudderstack/settings.ts';
import type { OutgoingMessage } from '../../lib/sqs/message.ts';
import { createHeap, HEAP_RULES, type Heap } from '../heap-simulator/heap.ts';
import { failedRecords } from '../lambda/partial-batch-response.ts';
import { createFunctionQueues, type QueueConditions } from './function-queues.ts';
import { createVirtualTransport, type HeapConditions, type TakenEvents } from './heap-transport.ts';
import { createVirtualQueue, type VirtualQueue } from './queue.ts';
import { createRandom } from './random.ts';
import { createVirtualTime } from './time.ts';

/** The setup of a run, and all of its faults. */
export interface Circumstances extends HeapConditions, QueueConditions {
  readonly seed: number;
  readonly isFifo: boolean;
  readonly batchSize: number;
  readonly maximumConcurrency: number;
  /** For each invocation, after how many ms its process dies; undefined when it does not. */
  readonly crashes: readonly (number | undefined)[];
  /** The share of received records that stay visible, so that they are received twice, in [0, 1]. */
  readonly duplicateShare: number;
  readonly isAtomic: boolean;
}

export interface WorldOptions extends Circumstances {
  readonly bodies: readonly { readonly body: string; readonly groupId?: string }[];
  readonly retryHours: number;
  readonly isBad: (entry: JsonObject) => boolean;
  readonly config?: JsonObject;
}

export interface World {
  readonly heap: Heap;
  readonly queue: VirtualQueue;
  readonly deadLetters: readonly OutgoingMessage[];
  readonly reports: readonly BatchReport[];
  /** Every request to Heap, except for those of containers that died meanwhile. */
  readonly attempts: readonly Attempt[];
  readonly problems: readonly string[];
  readonly taken: readonly TakenEvents[];
  /** In ms since 1970, by the virtual clock. */
  readonly startedAt: number;
  /** The time until the queue was empty, in ms. */
  readonly durationMs: number;
  readonly invocations: number;
}

/** Options of a run without faults. */
export const CALM: Omit<WorldOptions, 'bodies'> = {
  seed: 1,
  isFifo: false,
  batchSize: 1000,
  maximumConcurrency: 1,
  retryHours: 48,
  heapFaults: [],
  latenciesMs: [],
  steadyLatencyMs: 50,
  queueFaults: [],
  queueLatenciesMs: [],
  crashes: [],
  duplicateShare: 0,
  isAtomic: true,
  mostEntries: 1000,
  isBad: () => false,
};

/** The queue of template.yaml. */
const QUEUE = { visibilityTimeoutS: 420, maxReceiveCount: 1000 };
const TIMEOUT_MS = 60_000;
/** A run that takes longer than this, in virtual time, is given up: SQS would delete what is left. */
const LONGEST_MS = 12 * 24 * 60 * 60 * 1000;

/** One of Lambda's execution environments. After its death, nothing that it does has any effect. */
interface Container {
  readonly handle: Handler;
  readonly die: () => void;
}

/**
 * Runs the real handler in virtual time, between a model of SQS and the Heap simulator, with the maximum concurrency, until
 * the queue is empty. All faults are in the options, so the same options give the same run.
 */
export async function runWorld(options: WorldOptions): Promise<World> {
  const time = createVirtualTime();
  const { clock } = time;
  const startedAt = clock.now();
  const random = createRandom(options.seed);
  const heap = createHeap(clock.now, { ...HEAP_RULES, isAtomic: options.isAtomic });
  heap.refuse(options.isBad);
  const queue = createVirtualQueue({ ...QUEUE, now: clock.now, random, isFifo: options.isFifo });
  const crashes = options.crashes.values();
  const deadLetters: OutgoingMessage[] = [];
  const reports: BatchReport[] = [];
  const attempts: Attempt[] = [];
  const problems: string[] = [];
  const { post, taken } = createVirtualTransport(clock, heap, options);
  const queues = createFunctionQueues(clock, random, queue, deadLetters, options);
  let invocations = 0;

  const startContainer = (): Container =>
    createContainer({
      settings: readSettings({ appId: '11', ...options.config }),
      runtime: {
        queueUrl: 'https://sqs/queue',
        deadLetterQueueUrl: 'https://sqs/dead-letters',
        retryHours: options.retryHours,
        maximumConcurrency: options.maximumConcurrency,
        heapBaseUrl: 'https://heap',
      },
      clock,
      random,
      transport: post,
      loadQueues: () => Promise.resolve(queues),
      telemetry: {
        startInvocation: () => undefined,
        reportBatch: (report) => void reports.push(report),
        onAttempt: (attempt) => void attempts.push(attempt),
        onProblem(code, error) {
          if (code === 'internal_error') problems.push(`internal error: ${String(error)}`);
        },
      },
    });

  /** One of Lambda's pollers, with its own container. */
  async function poll(): Promise<void> {
    let container = startContainer();
    while (queue.size() > 0) {
      if (clock.now() - startedAt > LONGEST_MS) {
        problems.push(`${queue.size()} messages are still in the queue after ${LONGEST_MS} ms`);
        return;
      }
      const records = queue.receive(options.batchSize);
      if (records.length === 0) {
        if (queue.size() > 0) await clock.sleep(Math.max(100, queue.nextVisibleAt() - clock.now()));
        continue;
      }
      for (const { receiptHandle } of records) {
        if (random() < options.duplicateShare) queue.changeVisibility(receiptHandle, 0);
      }
      invocations += 1;
      const end = await invoke(container, records, clock, crashes.next().value);
      if (end.kind === 'died') container = startContainer();
      else if (end.isLate) problems.push('the handler returned after its deadline');
      for (const receiptHandle of end.kind === 'died' ? [] : end.done) queue.remove(receiptHandle);
    }
  }

  for (const { body, groupId } of options.bodies) queue.send(body, groupId);
  await time.run(async () => {
    await Promise.all(Array.from({ length: options.maximumConcurrency }, poll));
  });
  const durationMs = clock.now() - startedAt;
  return { heap, queue, deadLetters, reports, attempts, problems, taken, startedAt, durationMs, invocations };
}

function createContainer(dependencies: HandlerDependencies): Container {
  let isAlive = true;
  const whileAlive = async <Value>(work: () => Promise<Value>): Promise<Value> =>
    isAlive ? await work() : await new Promise<never>(() => undefined);
  const { clock, transport, loadQueues } = dependencies;
  const handle = createHandler({
    ...dependencies,
    clock: { now: clock.now, sleep: (ms) => whileAlive(() => clock.sleep(ms)) },
    transport: (url, body, timeoutMs) => whileAlive(() => transport(url, body, timeoutMs)),
    loadQueues: () =>
      whileAlive(async () => {
        const queues = await loadQueues();
        return {
          sendDeadLetters: (messages, deadline) => whileAlive(() => queues.sendDeadLetters(messages, deadline)),
          changeVisibility: (changes, deadline) => whileAlive(() => queues.changeVisibility(changes, deadline)),
        };
      }),
  });
  return { handle, die: () => void (isAlive = false) };
}

type InvocationEnd =
  /** Nothing is deleted from the queue. */
  | { readonly kind: 'died' }
  /** `done` holds the receipt handles of the records that Lambda deletes. */
  | { readonly kind: 'answered'; readonly isLate: boolean; readonly done: readonly string[] };

async function invoke(
  container: Container,
  records: SQSRecord[],
  clock: Clock,
  crashAfterMs: number | undefined,
): Promise<InvocationEnd> {
  const invokedAt = clock.now();
  const left = (): number => Math.max(0, invokedAt + TIMEOUT_MS - clock.now());
  const answering = container
    .handle({ Records: records }, { getRemainingTimeInMillis: left })
    .then((response) => ({ response }));
  const death = crashAfterMs === undefined ? [] : [clock.sleep(crashAfterMs).then(() => undefined)];
  const answer = await Promise.race([answering, ...death]);
  if (answer === undefined) {
    container.die();
    return { kind: 'died' };
  }
  const failed = failedRecords({ kind: 'response', response: answer.response }, records);
  const done = records.filter(({ messageId }) => !failed.has(messageId));
  return { kind: 'answered', isLate: left() === 0, done: done.map(({ receiptHandle }) => receiptHandle) };
}
